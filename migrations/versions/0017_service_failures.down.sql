DROP TABLE service_failures;
