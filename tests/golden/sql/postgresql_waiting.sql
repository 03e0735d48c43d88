SELECT COUNT("updated_at"), MIN("updated_at") AT TIME ZONE 'UTC', COUNT(*) - COUNT("updated_at")
FROM "My ""Schema""; --"."users"
WHERE "updated_at" > TIMESTAMPTZ '2025-11-24 02:26:51.999999+00' OR "updated_at" IS NULL
