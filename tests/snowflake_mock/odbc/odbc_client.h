// A small application in front of unixODBC's driver manager, for tests: connection and statement with RAII, errors as
// text.
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <string>
#include <vector>

namespace cdi::sfodbc {

struct OdbcFault {
  std::string state;
  SQLINTEGER native = 0;
  std::string message;
};

std::vector<OdbcFault> ReadFaults(SQLSMALLINT type, SQLHANDLE handle);

// A PEM private key of 2048 bits, made once per process.
const std::string& TestKeyPem();

// Its public half as RSA_PUBLIC_KEY takes it: base64 of the DER, one line.
std::string TestPublicKey();

class OdbcClient {
 public:
  OdbcClient();
  ~OdbcClient();
  OdbcClient(const OdbcClient&) = delete;
  OdbcClient& operator=(const OdbcClient&) = delete;

  // Sets PRIV_KEY_CONTENT before connecting.
  void SetKey(const std::string& pem);
  SQLRETURN Connect(const std::string& connection_string);
  SQLHDBC connection() const { return connection_; }
  std::vector<OdbcFault> faults() const { return ReadFaults(SQL_HANDLE_DBC, connection_); }

 private:
  SQLHENV environment_ = nullptr;
  SQLHDBC connection_ = nullptr;
  bool connected_ = false;
};

class OdbcStatement {
 public:
  explicit OdbcStatement(const OdbcClient& client);
  ~OdbcStatement();
  OdbcStatement(const OdbcStatement&) = delete;
  OdbcStatement& operator=(const OdbcStatement&) = delete;

  SQLRETURN Run(const std::string& sql);
  // Column of the current row as text; "<null>" for NULL.
  std::string Text(SQLUSMALLINT column);
  SQLHSTMT handle() const { return statement_; }
  std::vector<OdbcFault> faults() const { return ReadFaults(SQL_HANDLE_STMT, statement_); }
  OdbcFault fault() const;
  // The handle is gone with its connection.
  void Forget() { statement_ = nullptr; }

 private:
  SQLHSTMT statement_ = nullptr;
};

}  // namespace cdi::sfodbc
