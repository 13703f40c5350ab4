DROP TABLE seat_kills;
