// The peers over a Unix stream socket: what one has without shared memory.
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/program.h"
#include "rings/message.h"
#include "rings/round_trips.h"
#include "rings/side.h"
#include "rings/window.h"

// Takes what many writes have left, as a reader of streams does.
#define READ_BYTES (64u * 1024u)

// Bytes of an address whose name the kernel chooses: five hexadecimal digits, in no file system.
#define NAME_BYTES 5u

static _Noreturn void fail(const char *what)
{
    program_fail(1, "%s: %s", what, strerror(errno));
}

static int make_socket(void)
{
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0) {
        fail("socket");
    }
    return made;
}

// The end of the side that is started first: says its address, and waits for the other.
static int accept_other(void)
{
    int listener = make_socket();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address.sun_family;
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1) != 0) {
        fail("bind");
    }
    length = sizeof address;
    if (getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
        fail("getsockname");
    }
    char name[NAME_BYTES + 1] = "";
    memcpy(name, address.sun_path + 1, NAME_BYTES);
    side_ready(name);
    int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (accepted < 0) {
        fail("accept");
    }
    close(listener);
    return accepted;
}

static int connect_to_other(const struct side_options *options)
{
    if (options->address == NULL || strlen(options->address) != NAME_BYTES) {
        program_fail(2, "--address says where the other side listens");
    }
    int connected = make_socket();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path + 1, options->address, NAME_BYTES);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + NAME_BYTES);
    if (connect(connected, (struct sockaddr *)&address, length) != 0) {
        fail("connect");
    }
    return connected;
}

static void write_all(int to, const unsigned char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(to, bytes, count);
        if (written < 0 && errno != EINTR) {
            fail("write");
        }
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        }
    }
}

// Bytes that were read; 0 where there are none yet and the flags say not to wait.
static size_t read_some(int from, unsigned char *bytes, size_t count, int flags)
{
    ssize_t taken = recv(from, bytes, count, flags);
    if (taken > 0) {
        return (size_t)taken;
    }
    if (taken == 0) {
        program_fail(1, "the other side has closed the socket");
    }
    if (errno != EAGAIN && errno != EINTR) {
        fail("recv");
    }
    return 0;
}

static void send_messages(const struct side_options *options)
{
    static _Alignas(64) unsigned char messages[MESSAGES_PER_TURN_MAX * MESSAGE_BYTES];
    int to = accept_other();
    for (uint32_t sequence = 0;;) {
        for (uint32_t i = 0; i < options->batch; i++) {
            message_fill(messages + i * MESSAGE_BYTES, sequence++);
        }
        write_all(to, messages, options->batch * MESSAGE_BYTES);
    }
}

static void receive_messages(const struct side_options *options)
{
    static _Alignas(64) unsigned char bytes[READ_BYTES];
    int from = connect_to_other(options);
    struct window window = {.options = options};
    size_t held = 0; // of a message that is not complete
    for (uint32_t sequence = 0;;) {
        held += read_some(from, bytes + held, sizeof bytes - held, 0);
        uint32_t taken = (uint32_t)(held / MESSAGE_BYTES);
        for (uint32_t i = 0; i < taken; i++) {
            message_check(bytes + i * MESSAGE_BYTES, sequence++);
        }
        held %= MESSAGE_BYTES;
        memmove(bytes, bytes + taken * MESSAGE_BYTES, held);
        window_turn(&window, taken);
    }
}

static void await_message(int from, uint32_t sequence, bool sleeps)
{
    _Alignas(64) unsigned char message[MESSAGE_BYTES];
    size_t held = 0;
    while (held < sizeof message) {
        held += read_some(from, message + held, sizeof message - held, sleeps ? 0 : MSG_DONTWAIT);
    }
    message_check(message, sequence);
}

static void send_one(int to, uint32_t sequence)
{
    _Alignas(64) unsigned char message[MESSAGE_BYTES];
    message_fill(message, sequence);
    write_all(to, message, sizeof message);
}

static void answer_messages(const struct side_options *options)
{
    int socket_fd = accept_other();
    for (uint32_t sequence = 0;; sequence++) {
        await_message(socket_fd, sequence, options->sleeps);
        send_one(socket_fd, sequence);
    }
}

static void call_with_messages(const struct side_options *options)
{
    int socket_fd = connect_to_other(options);
    for (uint32_t sequence = 0;; sequence++) {
        uint64_t begin_ns = trip_begin(options);
        send_one(socket_fd, sequence);
        await_message(socket_fd, sequence, false);
        trip_end(options, begin_ns);
    }
}

int main(int argc, char **argv)
{
    static const struct side_roles roles = {
        .send = send_messages,
        .receive = receive_messages,
        .answer = answer_messages,
        .call = call_with_messages,
    };
    return side_main(argc, argv, &roles);
}
