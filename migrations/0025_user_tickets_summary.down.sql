DROP VIEW user_tickets_summary;
