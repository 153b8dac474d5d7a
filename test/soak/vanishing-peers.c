// vanishing-peers PORT RATE COUNT: connects to 127.0.0.1 at RATE a second, COUNT times, and is gone
// each time before anything is answered, in every way that there is. Says in the end how many it was
// in how long, as JSON.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  NS_PER_S = 1000000000,
  // Source addresses, 127.0.1.1 and on: what is closed first holds its port for a while.
  ADDRESSES = 200,
};

// A message as the server frames it, two bytes of length, and half of one.
static const char whole[] = {0, 5, 'h', 'e', 'l', 'l', 'o'};
static const char half[] = {0, 100, 'h', 'a', 'l', 'f'};

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * (int64_t)NS_PER_S + now.tv_nsec;
}

static void sleep_until(int64_t ns) {
  struct timespec when = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR) {
  }
}

// Does not block, so that a full backlog is one more moment to vanish at.
static int connect_from(uint32_t source, uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(source)};
  if (bind(fd, (struct sockaddr*)&from, sizeof from) != 0) fail("bind");
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons(port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr*)&to, sizeof to) != 0 && errno != EINPROGRESS) fail("connect");
  return fd;
}

static void send_some(int fd, const char* bytes, size_t count) {
  // Where it is not connected yet, or no longer, it vanishes without having said anything.
  (void)!send(fd, bytes, count, MSG_NOSIGNAL);
}

static void reset(int fd) {
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static void vanish(int fd, uint32_t way) {
  switch (way) {
    case 0: // at once, politely
      break;
    case 1: // at once, with a RST
      reset(fd);
      break;
    case 2: // within a message
      send_some(fd, half, sizeof half);
      break;
    case 3: // within a message, with a RST
      send_some(fd, half, sizeof half);
      reset(fd);
      break;
    case 4: // without waiting for the answer, which is answered with a RST
      send_some(fd, whole, sizeof whole);
      break;
    default: // half-open first
      send_some(fd, whole, sizeof whole);
      shutdown(fd, SHUT_WR);
      break;
  }
  close(fd);
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: vanishing-peers PORT RATE COUNT\n");
    return 2;
  }
  uint16_t port = (uint16_t)atoi(argv[1]);
  int64_t rate = atoll(argv[2]);
  int64_t count = atoll(argv[3]);
  int64_t start = now_ns();
  for (int64_t i = 0; i < count; i++) {
    sleep_until(start + i * NS_PER_S / rate);
    vanish(connect_from(INADDR_LOOPBACK + 256 + i % ADDRESSES, port), i % 6);
  }
  printf("{\"connections\":%lld,\"seconds\":%.3f}\n", (long long)count,
         (double)(now_ns() - start) / NS_PER_S);
  return 0;
}
