#!/usr/bin/env python3
"""Prints SQL that inserts the demo's 30 bad rows: every kind that the service or Braze refuses.

20 in the attributes table, 5 in events, 5 in purchases; UPDATED_AT lies among the good rows.
"""
import json

SCHEMA = "BRAZE_CLOUD_PRODUCTION.INGESTION"
COLUMNS = ["EXTERNAL_ID", "ALIAS_LABEL", "ALIAS_NAME", "BRAZE_ID", "EMAIL", "PHONE", "PAYLOAD"]
FINE = '{"plan":"gold"}'


def attribute(payload=FINE, **identifiers):
    return {"PAYLOAD": payload, **{name.upper(): value for name, value in identifiers.items()}}


ATTRIBUTES = [
    attribute(),  # no identifier
    attribute(external_id="bad-1", braze_id="0123456789abcdef01234567"),  # two identifiers
    attribute(external_id="bad-2", alias_name="n", alias_label="l"),
    attribute(alias_name="name without label"),
    attribute(alias_label="label without name"),
    attribute(external_id="x" * 988),  # longer than Braze takes
    attribute(email="not an address"),
    attribute(phone="call me"),
    attribute(external_id="bad-3", payload='{"external_id":"other","plan":"gold"}'),
    attribute(external_id="bad-4", payload=None),
    attribute(external_id="bad-5", payload="plan=gold"),
    attribute(external_id="bad-6", payload='["gold"]'),
    attribute(external_id="bad-7", payload="{}"),
    attribute(external_id="bad-8", payload='{"plan":"gold","plan":"silver"}'),
    attribute(external_id="bad-9", payload='{"deep":' + "[" * 70 + "]" * 70 + "}"),
    attribute(external_id="bad-10", payload='{"note":"' + "x" * 1_000_001 + '"}'),
    attribute(external_id="bad-11", payload=json.dumps({f"k{i}": i for i in range(251)})),
    attribute(external_id="bad-12", payload='{"n":1e999}'),
    attribute(external_id="bad-13", payload='{"email_subscribe":"perhaps"}'),  # Braze refuses this one
    attribute(external_id="bad-14", payload='{"current_location":{"latitude":1.5}}'),  # and this one
]
EVENTS = [
    attribute(external_id="user-1", payload='{"properties":{}}'),  # no name
    attribute(external_id="user-1", payload='{"name":42}'),
    attribute(external_id="user-1", payload='{"name":"late","time":"yesterday"}'),
    attribute(external_id="user-1", payload='{"name":"odd","properties":"none"}'),
    attribute(external_id="user-1", payload='{"name":"reserved","properties":{"event_name":"x"}}'),
]
PURCHASES = [
    attribute(external_id="user-1", payload='{"currency":"EUR","price":1}'),  # no product_id
    attribute(external_id="user-1", payload='{"product_id":"sku","price":1}'),  # no currency
    attribute(external_id="user-1", payload='{"product_id":"sku","currency":"EUR"}'),  # no price
    attribute(external_id="user-1", payload='{"product_id":"sku","currency":"EUR","price":"1"}'),
    attribute(external_id="user-1", payload='{"product_id":"sku","currency":"EUR","price":1,"quantity":0}'),
]


def literal(value):
    if value is None:
        return "NULL"
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def main():
    for table, rows in (("USERS_ATTRIBUTES_SYNC", ATTRIBUTES), ("EVENTS_SYNC", EVENTS), ("PURCHASES_SYNC", PURCHASES)):
        columns = COLUMNS if table == "USERS_ATTRIBUTES_SYNC" else ["EXTERNAL_ID", "PAYLOAD"]
        for number, row in enumerate(rows):
            values = ", ".join(literal(row.get(column)) for column in columns)
            print(f"INSERT INTO {SCHEMA}.{table} (UPDATED_AT, {', '.join(columns)}) VALUES "
                  f"('2026-01-01 00:05:{number:02}.5'::TIMESTAMP_NTZ(9), {values});")


main()
