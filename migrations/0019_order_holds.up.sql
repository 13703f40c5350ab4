-- A hold becomes an order once, seated or standing. Beside `orders`, because a partitioned table has no unique key
-- without its month.
CREATE TABLE order_holds (
    hold_id    uuid        CONSTRAINT order_holds_pkey PRIMARY KEY,
    order_id   uuid        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
