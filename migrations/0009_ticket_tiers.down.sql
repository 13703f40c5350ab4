DROP TABLE ticket_tiers;
