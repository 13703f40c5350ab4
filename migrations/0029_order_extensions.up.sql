-- An order keeps what its hold had left: time can be extended once, before or after ordering.
ALTER TABLE orders
    ADD COLUMN extensions_left smallint NOT NULL DEFAULT 0
        CONSTRAINT orders_extensions_left_few CHECK (extensions_left BETWEEN 0 AND 1);
