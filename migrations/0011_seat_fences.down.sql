DROP TRIGGER seat_claims_raise_fence ON seat_claims;
DROP FUNCTION seat_claims_raise_fence();
DROP TRIGGER seat_claims_fence_fresh ON seat_claims;
DROP FUNCTION seat_claims_check_fence();
DROP TABLE seat_fences;
