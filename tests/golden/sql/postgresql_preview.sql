SELECT SUBSTR("UPDATED_AT"::text, 1, 201),
  SUBSTR("a""b", 1, 201),
  SUBSTR("x"::text, 1, 201)
FROM "My ""Schema""; --"."users"
ORDER BY "updated_at" DESC NULLS LAST
LIMIT 20
