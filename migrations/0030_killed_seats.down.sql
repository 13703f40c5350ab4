DROP TRIGGER seat_kills_not_claimed ON seat_kills;
DROP FUNCTION seat_kills_check_claims();
DROP TRIGGER seat_claims_not_killed ON seat_claims;
DROP FUNCTION seat_claims_check_kills();
