-- Events that can still be visited, with what is left of them now.
CREATE VIEW active_events_with_availability AS
    SELECT * FROM event_availability(now()) WHERE status NOT IN ('past', 'cancelled');
