SELECT "updated_at",
  "external_id"::text,
  CASE WHEN OCTET_LENGTH("email") <= 1048576 THEN "email" END,
  CASE WHEN OCTET_LENGTH("payload"::text) <= 1048576 THEN "payload"::text END,
  CASE WHEN OCTET_LENGTH("email") > 1048576 OR OCTET_LENGTH("payload"::text) > 1048576 THEN
    ',' ||
    CASE WHEN OCTET_LENGTH("email") > 1048576 THEN OCTET_LENGTH("email")::text || ':' || MD5("email") || ',' ELSE ',' END ||
    CASE WHEN OCTET_LENGTH("payload"::text) > 1048576 THEN OCTET_LENGTH("payload"::text)::text || ':' || MD5("payload"::text) || ',' ELSE ',' END END
FROM "My ""Schema""; --"."users"
WHERE "updated_at" >= TIMESTAMP '2025-11-24 02:25:51.123457' AND "updated_at" <= TIMESTAMP '2025-11-24 02:26:51.999999'
ORDER BY "updated_at"
LIMIT 5000000
