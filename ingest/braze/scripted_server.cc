#include "ingest/braze/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/check.h"

namespace cdi::ingest::braze::test {

Certificate MakeCertificate(const std::string& directory, const std::string& name, const std::string& host) {
  constexpr long kValidSeconds = 3'600;
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  CDI_CHECK(key != nullptr && cert != nullptr, "OpenSSL makes a key");
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert), kValidSeconds);
  X509_set_pubkey(cert, key);
  X509_NAME* subject = X509_get_subject_name(cert);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(cert, subject);
  for (const auto& [nid, value] : {std::pair{NID_subject_alt_name, "DNS:" + host},
                                   std::pair{NID_basic_constraints, std::string("critical,CA:TRUE")}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
  }
  CDI_CHECK(X509_sign(cert, key, EVP_sha256()) != 0, "OpenSSL signs");
  Certificate files{directory + "/" + name + ".crt", directory + "/" + name + ".key"};
  FILE* out = std::fopen(files.cert_file.c_str(), "w");
  PEM_write_X509(out, cert);
  std::fclose(out);
  out = std::fopen(files.key_file.c_str(), "w");
  PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  X509_free(cert);
  EVP_PKEY_free(key);
  return files;
}

bool Connection::Fill() {
  char bytes[65'536];
  const ssize_t count = ssl_ != nullptr ? SSL_read(ssl_, bytes, sizeof bytes) : recv(fd_, bytes, sizeof bytes, 0);
  if (count <= 0) return false;
  buffer_.append(bytes, static_cast<size_t>(count));
  return true;
}

std::optional<Connection::Request> Connection::Read() {
  size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return std::nullopt;
  }
  Request request{buffer_.substr(0, head_end + 4), ""};
  const size_t length_at = request.head.find("Content-Length: ");
  const size_t length =
      length_at == std::string::npos ? 0 : static_cast<size_t>(std::atoll(request.head.c_str() + length_at + 16));
  while (buffer_.size() < head_end + 4 + length) {
    if (!Fill()) return std::nullopt;
  }
  request.body = buffer_.substr(head_end + 4, length);
  buffer_.erase(0, head_end + 4 + length);
  return request;
}

void Connection::Write(const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const size_t left = bytes.size() - done;
    const ssize_t count = ssl_ != nullptr ? SSL_write(ssl_, bytes.data() + done, static_cast<int>(left))
                                          : send(fd_, bytes.data() + done, left, MSG_NOSIGNAL);
    if (count <= 0) return;
    done += static_cast<size_t>(count);
  }
}

void Connection::Answer(int status, const std::string& body, const std::string& headers) {
  Write("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
}

void Connection::AwaitClose() {
  while (Fill()) buffer_.clear();
}

void Connection::Close() {
  if (fd_ < 0) return;
  shutdown(fd_, SHUT_RDWR);
  close(fd_);
  fd_ = -1;
}

ScriptedServer::ScriptedServer(Script script, std::optional<Certificate> tls) : script_(std::move(script)) {
  signal(SIGPIPE, SIG_IGN);  // SSL_write to a client that left
  if (tls) {
    tls_ = SSL_CTX_new(TLS_server_method());
    CDI_CHECK(SSL_CTX_use_certificate_file(tls_, tls->cert_file.c_str(), SSL_FILETYPE_PEM) == 1 &&
                  SSL_CTX_use_PrivateKey_file(tls_, tls->key_file.c_str(), SSL_FILETYPE_PEM) == 1,
              "the test's certificate can be used");
  }
  listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  CDI_CHECK(bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listen_fd_, 1'024) == 0 &&
                getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0,
            "the test gets a port");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Serve(); });
}

ScriptedServer::~ScriptedServer() {
  Stop();
  close(listen_fd_);
  SSL_CTX_free(tls_);
}

void ScriptedServer::Stop() {
  if (stopping_.exchange(true)) return;
  shutdown(listen_fd_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_fds_) shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
}

void ScriptedServer::Serve() {
  while (true) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0 || stopping_) {
      if (fd >= 0) close(fd);
      return;
    }
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const int number = ++connections_;
    {
      const std::lock_guard lock(mutex_);
      open_fds_.push_back(fd);
    }
    threads_.emplace_back([this, fd, number] {
      SSL* ssl = nullptr;
      if (tls_ != nullptr) {
        ssl = SSL_new(tls_);
        SSL_set_fd(ssl, fd);
      }
      {
        Connection connection(fd, ssl);
        if (ssl == nullptr || SSL_accept(ssl) == 1) script_(connection, number);
        const std::lock_guard lock(mutex_);
        open_fds_.erase(std::find(open_fds_.begin(), open_fds_.end(), fd));
        connection.Close();
      }
      SSL_free(ssl);
    });
  }
}

std::vector<std::string> ScriptedServer::bodies() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& request : requests_) out.push_back(request.body);
  return out;
}

std::vector<std::string> ScriptedServer::heads() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& request : requests_) out.push_back(request.head);
  return out;
}

void ScriptedServer::Record(const Connection::Request& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
}

std::optional<Connection::Request> ScriptedServer::ReadOne(Connection& connection) {
  auto request = connection.Read();
  if (request) Record(*request);
  return request;
}

void ScriptedServer::AnswerAll(Connection& connection, int status, const std::string& body,
                               const std::string& headers) {
  while (ReadOne(connection)) connection.Answer(status, body, headers);
}

}  // namespace cdi::ingest::braze::test
