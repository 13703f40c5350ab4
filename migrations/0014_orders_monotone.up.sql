-- An order moves forward only; a late or repeated message cannot bring it back.
CREATE FUNCTION orders_check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('pending', 'closing'), ('pending', 'paid'), ('pending', 'cancelled'), ('pending', 'expired'),
        ('closing', 'paid'), ('closing', 'cancelled'), ('closing', 'expired'),
        ('paid', 'partly_refunded'), ('paid', 'refunded'), ('partly_refunded', 'refunded')
    ) THEN
        RAISE EXCEPTION 'an order cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_status_monotone', TABLE = 'orders';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER orders_status_monotone BEFORE UPDATE OF status ON orders FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION orders_check_transition();
