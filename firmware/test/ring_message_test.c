// Messages of any length over a ring, and with what a broken writer leaves.
#include "core/ring_message.h"

#include <stddef.h>

#include "test/ring.h"

#define MESSAGE_BYTES_MAX (3u * CAPACITY)

static struct ring_message_writer writer;
static struct ring_message_reader reader;
static unsigned char buffer[MESSAGE_BYTES_MAX];
static unsigned char sent[MESSAGE_BYTES_MAX + 1];

static void set_up(void)
{
    set_up_ring();
    ring_message_writer_init(&writer, &producer);
    ring_message_reader_init(&reader, &consumer, buffer, sizeof buffer);
    for (uint32_t i = 0; i < sizeof sent; i++) {
        sent[i] = (unsigned char)(i * 7u + i / 251u);
    }
}

// Writes a message through the ring, which may be shorter, and finds it at the other end.
static bool pass(uint32_t sequence, uint32_t length, struct ring_message *received)
{
    const struct ring_message message = {
        .type = 7, .stream = 3, .sequence = sequence, .bytes = sent, .length = length};
    bool found = false;
    ring_message_begin(&writer, &message);
    for (bool whole = false; !whole && !found;) {
        whole = ring_message_continue(&writer);
        ring_publish(&producer);
        found = ring_message_peek(&reader, received);
        ring_free(&consumer);
    }
    CHECK(!producer.damaged && !consumer.damaged);
    return found;
}

static void any_length_arrives(void)
{
    uint32_t most = ring_payload_bytes_max(CAPACITY);
    const uint32_t lengths[] = {0,        1,         most - 1, most,
                                most + 1, 2 * most,  CAPACITY, MESSAGE_BYTES_MAX - 1,
                                5,        MESSAGE_BYTES_MAX};
    set_up();
    for (uint32_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct ring_message received;
        CHECK(pass(i, lengths[i], &received));
        CHECK_EQUAL(received.type, 7);
        CHECK_EQUAL(received.stream, 3);
        CHECK_EQUAL(received.sequence, i);
        CHECK_EQUAL(received.length, lengths[i]);
        CHECK(memcmp(received.bytes, sent, lengths[i]) == 0);
        ring_message_advance(&reader);
        ring_free(&consumer);
    }
    CHECK_EQUAL(reader.too_long_count, 0);
    CHECK_EQUAL(reader.broken_count, 0);
    CHECK_EQUAL(ring_producer_unread(&producer), 0);
}

static void one_byte_too_long_is_passed_over(void)
{
    struct ring_message received;
    set_up();
    CHECK(!pass(0, MESSAGE_BYTES_MAX + 1, &received));
    CHECK_EQUAL(reader.too_long_count, 1);
    CHECK(pass(1, MESSAGE_BYTES_MAX, &received));
    CHECK_EQUAL(received.sequence, 1);
}

static void put(uint16_t flags, uint32_t sequence)
{
    CHECK(ring_claim(&producer, 8) != NULL);
    ring_commit_flagged(&producer, 7, flags, 0, sequence);
}

static void broken_messages_are_counted(void)
{
    struct ring_message received;
    set_up();
    put(CARILLON_RECORD_CONTINUED | CARILLON_RECORD_MORE, 0); // no beginning: once
    put(CARILLON_RECORD_CONTINUED, 0);
    put(CARILLON_RECORD_MORE, 1);                             // no end
    put(CARILLON_RECORD_MORE, 2);                             // another's end
    put(CARILLON_RECORD_CONTINUED, 3);
    ring_publish(&producer);
    CHECK(!ring_message_peek(&reader, &received));
    CHECK_EQUAL(reader.broken_count, 4);
    CHECK(pass(4, CAPACITY, &received));
    CHECK_EQUAL(received.sequence, 4);
}

static void what_is_aborted_leaves_nothing(void)
{
    struct ring_record record;
    set_up();
    CHECK(ring_claim(&producer, 100) != NULL);
    ring_abort(&producer);
    CHECK(ring_claim(&producer, 1) != NULL);
    ring_commit(&producer, 1, 0, 9);
    CHECK_EQUAL(ring_producer_unread(&producer), 1);
    CHECK_EQUAL(ring_consumer_unread(&consumer), 0); // not published
    ring_publish(&producer);
    CHECK_EQUAL(ring_consumer_unread(&consumer), 1);
    CHECK(ring_peek(&consumer, &record));
    CHECK_EQUAL(record.header.sequence, 9);
    ring_advance(&consumer);
    CHECK_EQUAL(ring_producer_unread(&producer), 1); // read, but not freed
    ring_free(&consumer);
    CHECK_EQUAL(ring_producer_unread(&producer), 0);
    memory.control.consumer.records = 0x80000000u;
    CHECK_EQUAL(ring_producer_unread(&producer), CAPACITY / 16u);
}

static void with_checksums(void)
{
    struct ring_record record;
    set_up();
    ring_producer_set_checksum(&producer, true);
    CHECK_EQUAL(ring_claim_bytes_max(&producer), ring_payload_bytes_max(CAPACITY) - 4u);
    CHECK(ring_claim(&producer, ring_claim_bytes_max(&producer) + 1u) == NULL);
    const uint32_t lengths[] = {0, 1, 5, 16, ring_claim_bytes_max(&producer)};
    for (uint32_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        void *place = ring_claim(&producer, lengths[i]);
        CHECK(place != NULL);
        memcpy(place, sent, lengths[i]);
        ring_commit(&producer, 1, 2, i);
        ring_publish(&producer);
        CHECK(ring_peek(&consumer, &record));
        CHECK_EQUAL(record.header.length, lengths[i]);
        CHECK_EQUAL(record.header.sequence, i);
        CHECK(memcmp(record.payload, sent, lengths[i]) == 0);
        ring_advance(&consumer);
        ring_free(&consumer);
    }
    // Any bit of the header or of the payload.
    for (uint32_t bit = 0; bit < 8u * (16u + 20u); bit++) {
        set_up();
        ring_producer_set_checksum(&producer, true);
        CHECK(ring_claim(&producer, 20) != NULL);
        ring_commit(&producer, 1, 2, 3);
        ring_publish(&producer);
        memory.data[bit / 8u] ^= (unsigned char)(1u << bit % 8u);
        bool flag_is_gone = bit / 8u == 6 && (1u << bit % 8u) == CARILLON_RECORD_CHECKSUM;
        CHECK(ring_peek(&consumer, &record) == flag_is_gone);
        CHECK(consumer.damaged == !flag_is_gone);
    }
    // A record too short for one.
    set_up();
    CHECK(ring_claim(&producer, 3) != NULL);
    ring_commit(&producer, 1, 0, 0);
    ring_publish(&producer);
    memory.data[offsetof(struct carillon_record_header, flags)] = CARILLON_RECORD_CHECKSUM;
    CHECK(!ring_peek(&consumer, &record));
    CHECK(consumer.damaged);
}

int main(void)
{
    any_length_arrives();
    with_checksums();
    one_byte_too_long_is_passed_over();
    broken_messages_are_counted();
    what_is_aborted_leaves_nothing();
    return 0;
}
