// A server for the sender's tests that does byte by byte what a script says: answers, hangs, cuts, closes. Loopback, a
// free port, one thread per connection.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace cdi::ingest::braze::test {

// A key pair and a certificate, as PEM files in a directory of the test's own.
struct Certificate {
  std::string cert_file;
  std::string key_file;
};
// A self-signed certificate for `host`, which is its own authority. Files are named after `name`.
Certificate MakeCertificate(const std::string& directory, const std::string& name, const std::string& host);

class Connection {
 public:
  Connection(int fd, SSL* ssl) : fd_(fd), ssl_(ssl) {}
  ~Connection() { Close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  struct Request {
    std::string head;
    std::string body;
  };
  // One whole request; nullopt when the client closed before.
  std::optional<Request> Read();
  void Write(const std::string& bytes);
  // HTTP/1.1 with Content-Length.
  void Answer(int status, const std::string& body, const std::string& headers = "");
  // Blocks until the client closes.
  void AwaitClose();
  void Close();

 private:
  friend class ScriptedServer;
  bool Fill();
  int fd_;
  SSL* ssl_;
  std::string buffer_;
};

class ScriptedServer {
 public:
  // Plays one connection; `number` counts from 1. The connection is closed when it returns.
  using Script = std::function<void(Connection& connection, int number)>;
  explicit ScriptedServer(Script script, std::optional<Certificate> tls = std::nullopt);
  ~ScriptedServer();
  // Ends every connection and waits for the scripts: they may use whatever holds this server until then. The destructor
  // does so too, when a smart pointer to it may be null already.
  void Stop();

  int port() const { return port_; }
  int connections() const { return connections_; }
  // Bodies of all whole requests read so far, in order of arrival.
  std::vector<std::string> bodies() const;
  std::vector<std::string> heads() const;
  void Record(const Connection::Request& request);
  // Reads and records requests until the client closes, answering each with the same reply.
  void AnswerAll(Connection& connection, int status, const std::string& body, const std::string& headers = "");
  // Reads one request and records it.
  std::optional<Connection::Request> ReadOne(Connection& connection);

 private:
  void Serve();

  Script script_;
  SSL_CTX* tls_ = nullptr;
  int listen_fd_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<Connection::Request> requests_;
  std::vector<int> open_fds_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace cdi::ingest::braze::test
