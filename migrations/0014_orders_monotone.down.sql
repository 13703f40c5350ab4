DROP TRIGGER orders_status_monotone ON orders;
DROP FUNCTION orders_check_transition();
