-- Where it happens. The zone is the venue's: instants are stored in UTC and read out in it.
CREATE TABLE venues (
    id         uuid        CONSTRAINT venues_pkey PRIMARY KEY,
    slug       text        NOT NULL CONSTRAINT venues_slug_key UNIQUE
                           CONSTRAINT venues_slug_form CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 100),
    name       text        NOT NULL CONSTRAINT venues_name_length CHECK (length(name) BETWEEN 1 AND 200),
    address    text        NOT NULL DEFAULT '',
    city       text        NOT NULL CONSTRAINT venues_city_length CHECK (length(city) BETWEEN 1 AND 200),
    country    text        NOT NULL CONSTRAINT venues_country_form CHECK (country ~ '^[A-Z]{2}$'),
    time_zone  text        NOT NULL CONSTRAINT venues_time_zone_form CHECK (time_zone ~ '^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$'),
    latitude   double precision CONSTRAINT venues_latitude_range CHECK (latitude BETWEEN -90 AND 90),
    longitude  double precision CONSTRAINT venues_longitude_range CHECK (longitude BETWEEN -180 AND 180),
    capacity   integer     NOT NULL CONSTRAINT venues_capacity_positive CHECK (capacity > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT venues_place_whole CHECK ((latitude IS NULL) = (longitude IS NULL))
);
