// TCP sockets as plain functions over file descriptors. None of them blocks, and all of them answer
// a failure with the negative error number, so that nothing but the caller knows of JavaScript.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

namespace carillon {

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// Longest text of an address: an IPv6 address, `%` and the name of an interface.
constexpr size_t kMaxHostBytes = 64;

struct ListenOptions {
  int backlog = 0;
  // SO_REUSEPORT: several listeners on one port, in as many threads or processes.
  bool reuse_port = false;
};

// Parses a numeric address. False where `host` is none.
bool ParseAddress(const char* host, uint16_t port, SocketAddress* address);

// Writes the address as text into `host` (kMaxHostBytes) and returns its port.
uint16_t FormatAddress(const SocketAddress& address, char* host);

// A socket that listens, or a negative error number.
int Listen(const SocketAddress& address, const ListenOptions& options);

// What a listening socket is bound to. 0, or a negative error number.
int BoundAddress(int fd, SocketAddress* address);

// The next connection, or a negative error number: -EAGAIN where none waits.
int Accept(int fd, SocketAddress* peer);

// Whether what Accept answered is an error of the one connection, which is gone: the next one may be
// there.
bool IsOfConnection(int result);

struct ConnectionSettings {
  bool no_delay = true;
  // 0: no keep-alive.
  int keep_alive_s = 0;
};

void ApplySettings(int fd, const ConnectionSettings& settings);

// Bytes read, 0 at the peer's end, or a negative error number.
ssize_t Receive(int fd, void* memory, size_t bytes);

// Bytes sent, fewer than there are where the kernel has no room for all of them, or a negative error
// number: -EAGAIN where it has room for none.
ssize_t Send(int fd, const iovec* pieces, size_t count);

// Closes with a RST in place of a FIN: the kernel forgets what it has not sent.
void CloseWithReset(int fd);

// Zero-copy: the kernel sends from the caller's pages, and tells by a notification when it has
// finished with them (its documentation: networking/msg_zerocopy).

// Lets a socket send so. 0, or a negative error number where the kernel or the socket cannot.
int AllowZeroCopy(int fd);

// As Send, of memory that is not changed until the notification. Each call that answers with bytes
// has a number, counted from 0 in each socket, under which the notification comes; others have none.
// -ENOBUFS: no memory for a notification (net.core.optmem_max), or over the limit of locked memory.
// -EFAULT: the memory cannot be pinned, because a driver mapped it by page frame, or it is not there.
ssize_t SendZeroCopy(int fd, const void* memory, size_t bytes);

// The calls, from `first` to `last`, that the kernel has finished with.
struct Completion {
  uint32_t first;
  uint32_t last;
  // It made a copy after all, as it does wherever the receiver is on the same machine.
  bool copied;
};

// The next notification: 1, or 0 where what waits was of another kind, or a negative error number,
// -EAGAIN where none waits.
int NextCompletion(int fd, Completion* completion);

// Breaks a connection off with a RST, as CloseWithReset does: the kernel forgets what it has not
// sent. But the socket stays, and with it the notifications, which a closed one does not give.
int Disconnect(int fd);

}  // namespace carillon
