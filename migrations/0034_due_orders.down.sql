COMMENT ON COLUMN payments.check_at IS 'When to ask the provider again, where it owes an answer.';
DROP INDEX orders_free_idx;
DROP INDEX orders_closing_idx;
DROP INDEX payments_captured_idx;
