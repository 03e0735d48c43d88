SELECT "updated_at",
  CASE WHEN OCTET_LENGTH("email") <= 1048576 THEN "email" END,
  CASE WHEN OCTET_LENGTH("payload") <= 1048576 THEN "payload" END,
  CASE WHEN OCTET_LENGTH("email") > 1048576 OR OCTET_LENGTH("payload") > 1048576 THEN
    CASE WHEN OCTET_LENGTH("email") > 1048576 THEN OCTET_LENGTH("email")::text || ':' || MD5("email") || ',' ELSE ',' END ||
    CASE WHEN OCTET_LENGTH("payload") > 1048576 THEN OCTET_LENGTH("payload")::text || ':' || MD5("payload") || ',' ELSE ',' END END
FROM "My ""Schema""; --"."users"
WHERE "updated_at" >= TIMESTAMP '0001-01-01 00:00:00.000000' AND "updated_at" <= TIMESTAMP '2025-11-24 02:26:51.999999'
ORDER BY "updated_at"
LIMIT 5000000
