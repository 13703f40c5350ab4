DROP TABLE promoters;
