// Preloaded: what accept4(2) says of connections that are gone, each once, before it accepts any.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

static const int errors[] = {ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH, ENETUNREACH, EPERM};
static size_t told = 0;

int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags) {
  if (told < sizeof errors / sizeof *errors) {
    errno = errors[told++];
    return -1;
  }
  int (*real)(int, struct sockaddr*, socklen_t*, int) = dlsym(RTLD_NEXT, "accept4");
  return real(fd, address, length, flags);
}
