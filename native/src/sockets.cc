#include "sockets.h"

#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace carillon {

namespace {

// Keep-alive as libuv sets it: a question a second, and ten without an answer end the connection.
constexpr int kKeepAliveIntervalS = 1;
constexpr int kKeepAliveQuestions = 10;

socklen_t LengthOf(const SocketAddress& address) {
  return address.any.sa_family == AF_INET6 ? sizeof address.v6 : sizeof address.v4;
}

void SetOption(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

// The interface of `fe80::1%eth0`, by name or number. False where it is neither.
bool ParseScope(const char* name, uint32_t* scope) {
  *scope = if_nametoindex(name);
  if (*scope != 0) return true;
  char* end = nullptr;
  errno = 0;
  const unsigned long number = strtoul(name, &end, 10);
  if (end == name || *end != '\0' || errno != 0 || number > UINT32_MAX) return false;
  *scope = static_cast<uint32_t>(number);
  return true;
}

// What a notification of zero-copy sends says, or null where it is of another kind.
const sock_extended_err* ZeroCopyError(const cmsghdr* header) {
  const bool is_error = (header->cmsg_level == SOL_IP && header->cmsg_type == IP_RECVERR) ||
                        (header->cmsg_level == SOL_IPV6 && header->cmsg_type == IPV6_RECVERR);
  if (!is_error) return nullptr;
  const auto* error = reinterpret_cast<const sock_extended_err*>(CMSG_DATA(header));
  return error->ee_origin == SO_EE_ORIGIN_ZEROCOPY && error->ee_errno == 0 ? error : nullptr;
}

int CloseFor(int fd, int error) {
  close(fd);
  return -error;
}

}  // namespace

bool ParseAddress(const char* host, uint16_t port, SocketAddress* address) {
  *address = {};
  if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons(port);
    return true;
  }
  char numeric[kMaxHostBytes] = {};
  if (strlen(host) >= sizeof numeric) return false;
  strcpy(numeric, host);
  uint32_t scope = 0;
  if (char* percent = strchr(numeric, '%'); percent != nullptr) {
    *percent = '\0';
    if (!ParseScope(percent + 1, &scope)) return false;
  }
  if (inet_pton(AF_INET6, numeric, &address->v6.sin6_addr) != 1) return false;
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_port = htons(port);
  address->v6.sin6_scope_id = scope;
  return true;
}

uint16_t FormatAddress(const SocketAddress& address, char* host) {
  if (address.any.sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &address.v6.sin6_addr, host, kMaxHostBytes);
    char interface[IF_NAMESIZE];
    // As everywhere in Node: only there does the address not say it by itself.
    if (IN6_IS_ADDR_LINKLOCAL(&address.v6.sin6_addr) &&
        if_indextoname(address.v6.sin6_scope_id, interface) != nullptr) {
      const size_t length = strlen(host);
      snprintf(host + length, kMaxHostBytes - length, "%%%s", interface);
    }
    return ntohs(address.v6.sin6_port);
  }
  inet_ntop(AF_INET, &address.v4.sin_addr, host, kMaxHostBytes);
  return ntohs(address.v4.sin_port);
}

int Listen(const SocketAddress& address, const ListenOptions& options) {
  const int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.reuse_port) SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  // `::` is both families, as everywhere in Node.
  if (address.any.sa_family == AF_INET6) SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (bind(fd, &address.any, LengthOf(address)) != 0) return CloseFor(fd, errno);
  if (listen(fd, options.backlog) != 0) return CloseFor(fd, errno);
  return fd;
}

int BoundAddress(int fd, SocketAddress* address) {
  socklen_t length = sizeof *address;
  return getsockname(fd, &address->any, &length) == 0 ? 0 : -errno;
}

int Accept(int fd, SocketAddress* peer) {
  socklen_t length = sizeof *peer;
  const int accepted = accept4(fd, &peer->any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return accepted >= 0 ? accepted : -errno;
}

// accept(2): Linux passes on what has happened to a connection in the network meanwhile, and what a
// firewall has to say.
bool IsOfConnection(int result) {
  switch (-result) {
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

void ApplySettings(int fd, const ConnectionSettings& settings) {
  if (settings.no_delay) SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (settings.keep_alive_s == 0) return;
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, settings.keep_alive_s);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalS);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveQuestions);
}

ssize_t Receive(int fd, void* memory, size_t bytes) {
  ssize_t received;
  do {
    received = recv(fd, memory, bytes, MSG_DONTWAIT);
  } while (received < 0 && errno == EINTR);
  return received >= 0 ? received : -errno;
}

ssize_t Send(int fd, const iovec* pieces, size_t count) {
  ssize_t sent;
  do {
    if (count == 1) {
      sent = send(fd, pieces->iov_base, pieces->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      msghdr message = {};
      message.msg_iov = const_cast<iovec*>(pieces);
      message.msg_iovlen = count;
      sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  } while (sent < 0 && errno == EINTR);
  return sent >= 0 ? sent : -errno;
}

void CloseWithReset(int fd) {
  const linger now = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

int AllowZeroCopy(int fd) {
  const int one = 1;
  return setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof one) == 0 ? 0 : -errno;
}

ssize_t SendZeroCopy(int fd, const void* memory, size_t bytes) {
  // sendmsg, and not send, which is sendto: one call for tests to stand in for.
  iovec piece = {const_cast<void*>(memory), bytes};
  msghdr message = {};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  ssize_t sent;
  do {
    sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_ZEROCOPY);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0 ? sent : -errno;
}

int NextCompletion(int fd, Completion* completion) {
  // The extended error, and the address that the kernel puts behind it.
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(sock_extended_err) + sizeof(sockaddr_in6))];
  msghdr message = {};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t received;
  do {
    received = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return -errno;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    const sock_extended_err* error = ZeroCopyError(header);
    if (error == nullptr) continue;
    *completion = {error->ee_info, error->ee_data,
                   (error->ee_code & SO_EE_CODE_ZEROCOPY_COPIED) != 0};
    return 1;
  }
  return 0;
}

int Disconnect(int fd) {
  sockaddr nobody = {};
  nobody.sa_family = AF_UNSPEC;
  return connect(fd, &nobody, sizeof nobody) == 0 ? 0 : -errno;
}

}  // namespace carillon
