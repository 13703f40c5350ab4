-- The lines of an order at the prices shown when the places were held. A seat is one line; standing places of a tier
-- are one line. Ids carry the order's millisecond; months by range, then hashed, both by the order.
CREATE TABLE order_items (
    id         uuid    NOT NULL,
    order_id   uuid    NOT NULL,
    event_id   uuid    NOT NULL,
    tier_id    uuid    NOT NULL,
    seat       integer CONSTRAINT order_items_seat_not_negative CHECK (seat >= 0),
    quantity   integer NOT NULL CONSTRAINT order_items_quantity_positive CHECK (quantity > 0),
    tier_name  text    NOT NULL,
    label      text    NOT NULL,
    unit_net   bigint  NOT NULL CONSTRAINT order_items_unit_net_not_negative CHECK (unit_net >= 0),
    unit_fee   bigint  NOT NULL CONSTRAINT order_items_unit_fee_not_negative CHECK (unit_fee >= 0),
    unit_tax   bigint  NOT NULL CONSTRAINT order_items_unit_tax_not_negative CHECK (unit_tax >= 0),
    unit_total bigint  NOT NULL,
    total      bigint  NOT NULL,
    currency   text    NOT NULL CONSTRAINT order_items_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT order_items_pkey PRIMARY KEY (order_id, id),
    CONSTRAINT order_items_tier_id_fkey FOREIGN KEY (event_id, tier_id) REFERENCES ticket_tiers (event_id, id) ON DELETE RESTRICT,
    CONSTRAINT order_items_millisecond CHECK (left(id::text, 13) = left(order_id::text, 13)),
    CONSTRAINT order_items_seat_alone CHECK (seat IS NULL OR quantity = 1),
    CONSTRAINT order_items_unit_sums CHECK (unit_total = unit_net + unit_fee + unit_tax),
    CONSTRAINT order_items_total_sums CHECK (total = unit_total * quantity)
) PARTITION BY RANGE (order_id);
