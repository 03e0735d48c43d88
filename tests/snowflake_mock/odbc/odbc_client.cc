#include "tests/snowflake_mock/odbc/odbc_client.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string_view>

namespace cdi::sfodbc {
namespace {

SQLCHAR* Chars(const std::string& text) {
  return reinterpret_cast<SQLCHAR*>(const_cast<char*>(text.data()));  // NOLINT: ODBC only reads it
}

}  // namespace

std::vector<OdbcFault> ReadFaults(SQLSMALLINT type, SQLHANDLE handle) {
  std::vector<OdbcFault> faults;
  for (SQLSMALLINT number = 1;; ++number) {
    SQLCHAR state[6] = {};
    SQLCHAR message[2048] = {};
    SQLINTEGER native = 0;
    SQLSMALLINT length = 0;
    const SQLRETURN result = SQLGetDiagRec(type, handle, number, state, &native, message, sizeof(message), &length);
    if (!SQL_SUCCEEDED(result)) return faults;
    faults.push_back({reinterpret_cast<char*>(state), native, reinterpret_cast<char*>(message)});  // NOLINT: text
  }
}

const std::string& TestKeyPem() {
  static const std::string kPem = [] {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), &EVP_PKEY_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);  // NOLINT: OpenSSL's macro casts
    return std::string(text, static_cast<size_t>(size));
  }();
  return kPem;
}

std::string TestPublicKey() {
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(TestKeyPem().data(), static_cast<int>(TestKeyPem().size())), &BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PUBKEY(out.get(), key.get());
  std::string line;
  char text[128];
  while (BIO_gets(out.get(), text, sizeof(text)) > 0) {
    if (text[0] != '-') line += std::string_view(text).substr(0, std::string_view(text).find('\n'));
  }
  return line;
}

OdbcClient::OdbcClient() {
  SQLAllocHandle(SQL_HANDLE_ENV, nullptr, &environment_);
  SQLSetEnvAttr(environment_, SQL_ATTR_ODBC_VERSION, reinterpret_cast<SQLPOINTER>(SQL_OV_ODBC3),
                0);  // NOLINT: ODBC's way
  SQLAllocHandle(SQL_HANDLE_DBC, environment_, &connection_);
}

OdbcClient::~OdbcClient() {
  if (connected_) SQLDisconnect(connection_);
  SQLFreeHandle(SQL_HANDLE_DBC, connection_);
  SQLFreeHandle(SQL_HANDLE_ENV, environment_);
}

void OdbcClient::SetKey(const std::string& pem) {
  SQLSetConnectAttr(connection_, 0x4053 + 3, Chars(pem), static_cast<SQLINTEGER>(pem.size()));
}

SQLRETURN OdbcClient::Connect(const std::string& text) {
  SQLCHAR completed[1024];
  SQLSMALLINT length = 0;
  const SQLRETURN result = SQLDriverConnect(connection_, nullptr, Chars(text), static_cast<SQLSMALLINT>(text.size()),
                                            completed, sizeof(completed), &length, SQL_DRIVER_NOPROMPT);
  connected_ = SQL_SUCCEEDED(result);
  return result;
}

OdbcStatement::OdbcStatement(const OdbcClient& client) {
  SQLAllocHandle(SQL_HANDLE_STMT, client.connection(), &statement_);
}

OdbcStatement::~OdbcStatement() {
  if (statement_ != nullptr) SQLFreeHandle(SQL_HANDLE_STMT, statement_);
}

SQLRETURN OdbcStatement::Run(const std::string& sql) {
  return SQLExecDirect(statement_, Chars(sql), static_cast<SQLINTEGER>(sql.size()));
}

std::string OdbcStatement::Text(SQLUSMALLINT column) {
  char buffer[4096];
  SQLLEN length = 0;
  if (!SQL_SUCCEEDED(SQLGetData(statement_, column, SQL_C_CHAR, buffer, sizeof(buffer), &length))) return "<error>";
  return length == SQL_NULL_DATA ? "<null>" : std::string(buffer);
}

OdbcFault OdbcStatement::fault() const {
  const std::vector<OdbcFault> all = faults();
  return all.empty() ? OdbcFault{} : all.front();
}

}  // namespace cdi::sfodbc
