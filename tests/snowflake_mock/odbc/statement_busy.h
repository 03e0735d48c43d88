// Marks the time in which a statement can be cancelled.
#pragma once

#include <string>
#include <utility>

#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {

// While it lives, Cancel has something to cancel.
class Statement::Busy {
 public:
  Busy(Statement& statement, std::string request_id) : statement_(statement) {
    const std::lock_guard lock(statement_.flight_mutex_);
    statement_.cancel_.Reset();
    statement_.busy_ = true;
    statement_.flying_request_id_ = std::move(request_id);
  }
  ~Busy() {
    const std::lock_guard lock(statement_.flight_mutex_);
    statement_.busy_ = false;
    statement_.flying_request_id_.clear();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  Statement& statement_;
};

}  // namespace cdi::sfodbc
