#include "tests/snowflake_mock/server/http/http_test_support.h"
