DROP TABLE test_provider_intents;
