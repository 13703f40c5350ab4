ALTER TABLE orders DROP COLUMN extensions_left;
