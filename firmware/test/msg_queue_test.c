// The queue of messages: the bytes of its format, its limits on both sides, damage of every byte.
#include "core/msg_queue.h"

#include "core/crc32.h"
#include "test/check.h"

#define REGION_BYTES 72u // 63 bytes can be filled: four messages without data and a prefix of two
#define LARGEST (63u - 15u)

static _Alignas(4) unsigned char region[REGION_BYTES];
static unsigned char buffer[LARGEST];
static struct byte_queue bytes_of;
static struct msg_queue queue;

static void set_up_with(const char *prefix, uint32_t position)
{
    memset(region, 0xa5, sizeof region);
    CHECK_EQUAL(byte_queue_create(&bytes_of, region, REGION_BYTES), QUEUE_OK);
    ((uint32_t *)region)[0] = ((uint32_t *)region)[1] = position;
    CHECK_EQUAL(msg_queue_bind(&queue, &bytes_of, prefix, (uint32_t)strlen(prefix), buffer,
                               sizeof buffer),
                QUEUE_OK);
}

static void set_up(void)
{
    set_up_with("TT", 0);
}

static void put(const char *message)
{
    CHECK_EQUAL(msg_queue_write_or_fail(&queue, message, (uint32_t)strlen(message)), QUEUE_OK);
}

static void put_raw(const void *data, uint32_t bytes)
{
    CHECK_EQUAL(byte_queue_write_or_fail(&bytes_of, data, bytes), QUEUE_OK);
}

static void expect(enum queue_status wanted)
{
    uint32_t bytes = 1;
    CHECK_EQUAL(msg_queue_read_or_fail(&queue, &bytes), wanted);
    CHECK_EQUAL(bytes, 0);
}

static void expect_message(const char *wanted)
{
    uint32_t bytes;
    CHECK_EQUAL(msg_queue_read_or_fail(&queue, &bytes), QUEUE_OK);
    CHECK_EQUAL(bytes, strlen(wanted));
    CHECK(memcmp(buffer, wanted, bytes) == 0);
}

// Worked out from the description with another implementation of the checksum.
#define EMPTY_TT "TT\1\0\0\0\0\x8b\x71\x89\xe0\x1c\xdf\x44\x21"
#define NUMBERS_7 \
    "\7\7\7\7\1\5\0\0\0\xca\xa7\xb1\x5a\1\2\3\4\5\x47\x7a\x20\x67"
#define FF_NO_PREFIX "\1\1\0\0\0\xc8\xb9\xfe\x43\xff\x90\x18\x20\xeb"
#define VERSION_2 "TT\2\2\0\0\0\xd0\xc3\x20\x0d" "AB\x5b\xff\x72\xc0"

static void message_is_prefix_header_data_and_checksums(void)
{
    CHECK_EQUAL(crc32_of(0, "123456789", 9), 0xcbf43926);
    CHECK_EQUAL(crc32_of(crc32_of(0, "1234", 4), "56789", 5), 0xcbf43926);
    CHECK_EQUAL(crc32_of(0, NULL, 0), 0);
    set_up();
    put("");
    CHECK(memcmp(region, "\x0f\0\0\0\0\0\0\0" EMPTY_TT "\xa5", 24) == 0);
    expect_message("");
    set_up_with("\7\7\7\7", 0);
    put("\1\2\3\4\5");
    CHECK(memcmp(region, "\x16\0\0\0\0\0\0\0" NUMBERS_7 "\xa5", 31) == 0);
    expect_message("\1\2\3\4\5");
    set_up_with("", 0);
    put("\xff");
    CHECK(memcmp(region, "\x0e\0\0\0\0\0\0\0" FF_NO_PREFIX "\xa5", 23) == 0);
    expect_message("\xff");
    // Over the end of the data.
    set_up_with("\7\7\7\7", 60);
    put("\1\2\3\4\5");
    CHECK(memcmp(region, "\x12\0\0\0\x3c\0\0\0" "\1\5\0\0\0\xca\xa7\xb1\x5a\1\2\3\4\5", 22) == 0);
    CHECK(memcmp(region + 68, "\7\7\7\7", 4) == 0);
    expect_message("\1\2\3\4\5");
}

static void messages_prefix_and_buffer_have_limits(void)
{
    char longest[LARGEST + 2];
    memset(longest, 'x', sizeof longest);
    set_up();
    CHECK_EQUAL(msg_queue_largest_message(&queue), LARGEST);
    expect(QUEUE_EMPTY);
    CHECK_EQUAL(msg_queue_write_or_fail(&queue, longest, LARGEST + 1), QUEUE_TOO_BIG);
    CHECK_EQUAL(msg_queue_write_or_fail(&queue, longest, UINT32_MAX), QUEUE_TOO_BIG);
    CHECK_EQUAL(msg_queue_write_or_fail(&queue, longest, LARGEST), QUEUE_OK);
    CHECK_EQUAL(msg_queue_write_or_fail(&queue, NULL, 0), QUEUE_FULL);
    longest[LARGEST] = '\0';
    expect_message(longest);
    // A reader with a smaller buffer skips exactly what is too long.
    queue.buffer_bytes = 3;
    put("four");
    put("tri");
    expect(QUEUE_TOO_BIG);
    expect_message("tri");
    CHECK_EQUAL(queue.too_big, 1);
    CHECK_EQUAL(queue.skipped_bytes, 19);
    CHECK_EQUAL(queue.messages, 2);

    char prefix[66] = "";
    static _Alignas(4) unsigned char large[128];
    struct byte_queue other;
    struct msg_queue over;
    CHECK_EQUAL(byte_queue_create(&other, large, 8 + 1 + 13), QUEUE_OK);
    CHECK_EQUAL(msg_queue_bind(&over, &other, "", 0, NULL, 0), QUEUE_OK);
    CHECK_EQUAL(msg_queue_bind(&over, &other, "P", 1, NULL, 0), QUEUE_ARGUMENT);
    CHECK_EQUAL(byte_queue_create(&other, large, sizeof large), QUEUE_OK);
    memset(prefix, 'p', 65);
    CHECK_EQUAL(msg_queue_bind(&over, &other, prefix, 65, NULL, 0), QUEUE_ARGUMENT);
    CHECK_EQUAL(msg_queue_bind(&over, &other, prefix, UINT32_MAX, NULL, 0), QUEUE_ARGUMENT);
    CHECK_EQUAL(msg_queue_bind(&over, &other, prefix, 64, buffer, sizeof buffer), QUEUE_OK);
    uint32_t bytes;
    for (int round = 0; round < 200; round++) {
        CHECK_EQUAL(byte_queue_write_or_fail(&other, "noise", (uint32_t)round % 6u), QUEUE_OK);
        CHECK_EQUAL(msg_queue_write_or_fail(&over, "yes", 3), QUEUE_OK);
        CHECK_EQUAL(msg_queue_read_or_fail(&over, &bytes), QUEUE_OK);
        CHECK_EQUAL(bytes, 3);
    }
}

static void what_cannot_be_read_is_skipped_by_name(void)
{
    set_up();
    put_raw(VERSION_2, sizeof VERSION_2 - 1);
    put("next");
    expect(QUEUE_VERSION);
    expect_message("next");
    CHECK_EQUAL(queue.wrong_version, 1);
    CHECK_EQUAL(queue.skipped_bytes, 17);

    // A header that is whole, of a message that can never be.
    unsigned char header[11] = "TT\1";
    uint32_t crc;
    header[3] = (unsigned char)(LARGEST + 1);
    crc = crc32_of(0, header, 7);
    memcpy(header + 7, &crc, 4);
    set_up();
    put_raw(header, sizeof header);
    put("next");
    expect(QUEUE_TOO_BIG);
    expect_message("next");
    CHECK_EQUAL(queue.skipped_bytes, 11);

    set_up();
    ((uint32_t *)region)[0] = REGION_BYTES;
    expect(QUEUE_DAMAGED);
    CHECK_EQUAL(msg_queue_write_or_fail(&queue, "", 0), QUEUE_DAMAGED);
}

static void message_is_delivered_once_it_is_whole(void)
{
    set_up();
    for (uint32_t i = 0; i < 15; i++) {
        expect(QUEUE_EMPTY);
        put_raw(EMPTY_TT + i, 1);
    }
    expect_message("");
    CHECK_EQUAL(queue.skipped_bytes, 0);
    // Noise is passed over, but not what may begin a prefix.
    put_raw("noiseT", 6);
    expect(QUEUE_EMPTY);
    CHECK_EQUAL(queue.skipped_bytes, 5);
    put_raw(EMPTY_TT + 1, 14);
    expect_message("");
    CHECK_EQUAL(queue.skipped_bytes, 5);
}

// Each byte of the middle one of three messages, with each other value, at each place in the region.
static void check_damage(const char *prefix, uint32_t position, uint32_t at, uint32_t difference)
{
    set_up_with(prefix, position);
    uint32_t middle = 13u + (uint32_t)strlen(prefix) + 1u;
    put("1");
    put("2");
    put("3");
    region[8 + (position + middle + at) % (REGION_BYTES - 8)] ^= (unsigned char)difference;
    expect_message("1");
    uint32_t bytes, calls = 0;
    enum queue_status status;
    while ((status = msg_queue_read_or_fail(&queue, &bytes)) != QUEUE_OK) {
        CHECK_EQUAL(status, QUEUE_CRC);
        CHECK(++calls <= middle);
    }
    CHECK_EQUAL(bytes, 1);
    CHECK_EQUAL(buffer[0], '3');
    expect(QUEUE_EMPTY);
    CHECK_EQUAL(queue.skipped_bytes, middle);
    CHECK_EQUAL(queue.messages, 2);
    CHECK_EQUAL(queue.damaged, calls);
    // A damaged prefix is nothing but noise.
    CHECK(calls > 0 || at < strlen(prefix));
}

static void damage_costs_its_message_and_no_other(void)
{
    static const char *const prefixes[] = {"TT", "PRE", ""};
    for (size_t i = 0; i < 3; i++) {
        uint32_t whole = 14u + (uint32_t)strlen(prefixes[i]);
        for (uint32_t at = 0; at < whole; at++) {
            for (uint32_t difference = 1; difference < 256; difference++) {
                check_damage(prefixes[i], (7u * at + difference) % 64u, at, difference);
            }
        }
    }
}

static uint32_t looks_left;

static bool look(void *context)
{
    (void)context;
    if (looks_left == 1) {
        put("late");
    }
    return looks_left-- > 0;
}

static bool make_room(void *context)
{
    expect_message(context);
    return true;
}

static bool give_up(void *context)
{
    (void)context;
    return false;
}

static void blocking_calls_give_up_or_go_on(void)
{
    char full[LARGEST + 1];
    memset(full, 'f', LARGEST);
    full[LARGEST] = '\0';
    uint32_t bytes;
    set_up();
    looks_left = 3;
    CHECK_EQUAL(msg_queue_read_blocking(&queue, (struct queue_wait){look, NULL}, &bytes), QUEUE_OK);
    CHECK_EQUAL(bytes, 4);
    struct queue_wait never = {give_up, NULL};
    CHECK_EQUAL(msg_queue_read_blocking(&queue, never, &bytes), QUEUE_TIMEOUT);
    CHECK_EQUAL(msg_queue_write_blocking(&queue, full, LARGEST, never), QUEUE_OK);
    CHECK_EQUAL(msg_queue_write_blocking(&queue, "a", 1, never), QUEUE_TIMEOUT);
    struct queue_wait reader = {make_room, full};
    CHECK_EQUAL(msg_queue_write_blocking(&queue, "a", 1, reader), QUEUE_OK);
    CHECK_EQUAL(msg_queue_write_blocking(&queue, full, LARGEST + 1, never), QUEUE_TOO_BIG);
    expect_message("a");
}

// Whatever the memory holds, a reader comes to an end and stays in its memory.
static void noise_delivers_nothing_and_ends(void)
{
    uint32_t random = 1;
    for (int round = 0; round < 20000; round++) {
        set_up_with(round % 2 ? "TT" : "", 0);
        for (uint32_t i = 0; i < REGION_BYTES; i++) {
            random = random * 1664525u + 1013904223u;
            region[i] = (unsigned char)(random >> 24);
        }
        region[0] %= 66; // mostly in range
        region[4] %= 66;
        memset(region + 1, 0, 3);
        memset(region + 5, 0, 3);
        uint32_t bytes, calls = 0;
        enum queue_status status;
        do {
            status = msg_queue_read_or_fail(&queue, &bytes);
            CHECK(++calls <= REGION_BYTES);
        } while (status != QUEUE_EMPTY && status != QUEUE_DAMAGED);
        CHECK_EQUAL(queue.messages, 0);
    }
}

int main(void)
{
    message_is_prefix_header_data_and_checksums();
    messages_prefix_and_buffer_have_limits();
    what_cannot_be_read_is_skipped_by_name();
    message_is_delivered_once_it_is_whole();
    damage_costs_its_message_and_no_other();
    blocking_calls_give_up_or_go_on();
    noise_delivers_nothing_and_ends();
    return 0;
}
