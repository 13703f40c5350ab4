DROP TABLE seat_claims;
