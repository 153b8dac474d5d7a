// An echo server as a good C++ programmer writes one with Asio: one thread, a session a connection
// that reads some bytes, answers the whole messages among them in one write, and reads on.
//
//   asio_echo --port N
#include <arpa/inet.h>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "common/program.h"

using asio::ip::tcp;

namespace {

// Room to read into; it grows for a longer frame.
constexpr std::size_t buffer_bytes = 256 * 1024;

class Session : public std::enable_shared_from_this<Session> {
public:
    explicit Session(tcp::socket socket)
        : socket_(std::move(socket)), in_(allocate(buffer_bytes)), capacity_(buffer_bytes)
    {
    }

    void read()
    {
        auto room = asio::buffer(in_.get() + filled_, capacity_ - filled_);
        socket_.async_read_some(
            room, [self = shared_from_this()](const std::error_code &error, std::size_t count) {
                // Where there is an error the session ends with its last handler.
                if (!error) {
                    self->filled_ += count;
                    self->answer();
                }
            });
    }

private:
    // Not zeroed: pages that are never read into take no memory.
    static std::unique_ptr<unsigned char[]> allocate(std::size_t bytes)
    {
        return std::make_unique_for_overwrite<unsigned char[]>(bytes);
    }

    void answer()
    {
        out_.clear();
        std::size_t at = 0;
        std::size_t wanted = 0;
        while (filled_ - at >= FRAME_HEADER_BYTES) {
            std::uint32_t length;
            std::memcpy(&length, in_.get() + at, sizeof length);
            length = ntohl(length);
            if (length > FRAME_PAYLOAD_BYTES_MAX) {
                return;
            }
            wanted = std::size_t{FRAME_HEADER_BYTES} + length;
            if (filled_ - at < wanted) {
                break;
            }
            append(in_.get() + at + FRAME_HEADER_BYTES, length);
            at += wanted;
        }
        keep_rest(at, wanted);
        if (out_.empty()) {
            read();
            return;
        }
        asio::async_write(socket_, asio::buffer(out_),
                          [self = shared_from_this()](const std::error_code &error, std::size_t) {
                              if (!error) {
                                  self->read();
                              }
                          });
    }

    void append(const unsigned char *payload, std::uint32_t length)
    {
        std::uint32_t header = htonl(length);
        const auto *header_bytes = reinterpret_cast<const unsigned char *>(&header);
        out_.insert(out_.end(), header_bytes, header_bytes + sizeof header);
        out_.insert(out_.end(), payload, payload + length);
    }

    // Moves what is behind `at` to the front, into a larger buffer where its frame does not fit.
    void keep_rest(std::size_t at, std::size_t wanted)
    {
        filled_ -= at;
        if (filled_ > 0 && wanted > capacity_) {
            auto larger = allocate(wanted);
            std::memcpy(larger.get(), in_.get() + at, filled_);
            in_ = std::move(larger);
            capacity_ = wanted;
        } else {
            std::memmove(in_.get(), in_.get() + at, filled_);
        }
    }

    tcp::socket socket_;
    std::unique_ptr<unsigned char[]> in_;
    std::size_t capacity_;
    std::size_t filled_ = 0;
    std::vector<unsigned char> out_;
};

void accept(tcp::acceptor &acceptor)
{
    acceptor.async_accept([&acceptor](const std::error_code &error, tcp::socket socket) {
        if (!error) {
            socket.set_option(tcp::no_delay(true));
            std::make_shared<Session>(std::move(socket))->read();
        }
        accept(acceptor);
    });
}

} // namespace

int main(int argc, char **argv)
{
    std::uint16_t port = program_port(argc, argv);
    program_raise_open_files();
    try {
        // One thread: Asio then leaves its locks out.
        asio::io_context context(1);
        tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), port));
        accept(acceptor);
        program_ready(acceptor.local_endpoint().port());
        context.run();
    } catch (const std::exception &error) {
        program_fail(1, "port %u: %s", port, error.what());
    }
}
