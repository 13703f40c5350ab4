-- People with an account: promoters' staff now, fans later. A fan buys without one.
CREATE TABLE users (
    id            uuid        CONSTRAINT users_pkey PRIMARY KEY,
    email         text        NOT NULL CONSTRAINT users_email_plausible CHECK (email LIKE '%_@_%' AND length(email) <= 254),
    name          text        NOT NULL CONSTRAINT users_name_length CHECK (length(name) BETWEEN 1 AND 200),
    password_hash text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    deleted_at    timestamptz
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email)) WHERE deleted_at IS NULL;
