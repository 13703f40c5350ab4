DROP TABLE door_rounds;
