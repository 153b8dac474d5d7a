// What a core makes of sessions and links, step by step: the host is the test.
#include "core/attach.h"

#include "test/region.h"

static uint32_t bells;

static uint64_t now_us(void *context)
{
    (void)context;
    return 0;
}

static void ring_host(void *context)
{
    (void)context;
    bells++;
}

static void set_up(void)
{
    static const struct port port = {.now_us = now_us, .ring = ring_host};
    set_up_region(&port);
    bells = 0;
}

static void offer(uint32_t link, uint32_t boot)
{
    region.shared.control[0].boot = boot;
    region.shared.control[0].link = link;
}

static void link_for_this_boot_is_taken(void)
{
    set_up();
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->boot, 1);
    CHECK_EQUAL(bells, 1);
    offer(5, 2);
    CHECK(!attach_follow(&core)); // for another start
    offer(6, 1);
    CHECK(attach_follow(&core));
    CHECK_EQUAL(status()->link, 6);
    CHECK_EQUAL(bells, 2);
    offer(0, 1);
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->link, 0);
    CHECK_EQUAL(bells, 3);
}

static void damaged_link_is_not_taken_again(void)
{
    set_up();
    CHECK(!attach_follow(&core));
    offer(1, 1);
    CHECK(attach_follow(&core));
    attach_report_damage(&core);
    CHECK_EQUAL(status()->link, 0);
    CHECK_EQUAL(status()->damaged, 1);
    CHECK_EQUAL(bells, 3);
    CHECK(!attach_follow(&core));
    offer(2, 1);
    CHECK(attach_follow(&core));
}

// A host that comes back numbers its links from 1.
static void link_refused_in_an_earlier_session_is_taken(void)
{
    set_up();
    CHECK(!attach_follow(&core));
    offer(1, 1);
    CHECK(attach_follow(&core));
    attach_report_damage(&core);
    region.shared.header.session = SESSION + 1u;
    offer(0, 0);
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->session, SESSION + 1u);
    CHECK_EQUAL(status()->boot, 2);
    offer(1, 2);
    CHECK(attach_follow(&core));
    CHECK_EQUAL(status()->link, 1);
}

// 0 is no session, and of a core that is attached to none no rings are bound.
static void session_0_is_none(void)
{
    set_up();
    region.shared.header.session = 0;
    offer(5, 0);
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->link, 0);
    CHECK_EQUAL(status()->boot, 0);
    CHECK_EQUAL(bells, 0);
    region.shared.header.session = SESSION;
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->boot, 1);
    offer(6, 1);
    CHECK(attach_follow(&core));
    region.shared.header.session = 0;
    for (uint32_t looks = 0; looks < 3; looks++) {
        CHECK(!attach_follow(&core));
        CHECK_EQUAL(status()->link, 0);
        CHECK_EQUAL(status()->boot, 1);
    }
    region.shared.header.session = SESSION + 1u;
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->boot, 2);
}

// A host does not link for boot 0, so that of all numbers is passed over.
static void no_boot_is_0(void)
{
    set_up();
    status()->boot = UINT32_MAX;
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->boot, 1);
}

// A region without a session is none that a core attaches to, and it has no rings to link.
static void region_without_a_session_is_left_alone(void)
{
    set_up();
    region.shared.header.session = 0;
    offer(5, 0);
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->link, 0);
    CHECK_EQUAL(status()->boot, 0);
    region.shared.header.session = 77;
    offer(0, 0);
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->boot, 1);
    // The session is gone while the rings are in use: the core leaves them, and comes back with it.
    offer(1, 1);
    CHECK(attach_follow(&core));
    region.shared.header.session = 0;
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->link, 0);
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->boot, 1);
    region.shared.header.session = 77;
    CHECK(!attach_follow(&core));
    CHECK_EQUAL(status()->boot, 2);
}

static bool attaches(void)
{
    bool attached = !attach_follow(&core) && core.session != 0;
    CHECK_EQUAL(bells, attached ? 1 : 0);
    CHECK_EQUAL(status()->boot, attached ? 1 : 0);
    return attached;
}

// Whether a core attaches to a region in which one word is another.
static bool attaches_with(uint32_t *word, uint32_t value)
{
    set_up();
    *word = value;
    return attaches();
}

static void region_that_is_another_is_left_alone(void)
{
    struct carillon_region_header *header = &region.shared.header;
    CHECK(attaches_with(&header->magic, CARILLON_REGION_MAGIC));
    CHECK(!attaches_with(&header->magic, CARILLON_REGION_MAGIC ^ 1u));
    CHECK(!attaches_with(&header->layout_version, CARILLON_LAYOUT_VERSION + 1u));
    CHECK(!attaches_with(&header->layout_hash, CARILLON_LAYOUT_HASH ^ 1u));
    CHECK(attaches_with(&header->region_bytes, (uint32_t)sizeof region));
    CHECK(!attaches_with(&header->region_bytes, (uint32_t)sizeof region + 1u));
}

static void ring_that_does_not_lie_in_the_region_is_left_alone(void)
{
    uint32_t line = (uint32_t)_Alignof(struct carillon_ring_control);
    uint32_t last = (uint32_t)sizeof region - (uint32_t)sizeof region.from_control - CAPACITY;
    for (uint32_t i = 0; i < 2; i++) {
        struct carillon_ring_descriptor *ring = &region.shared.rings[i];
        set_up();
        uint32_t offset = ring->offset;
        CHECK(!attaches_with(&ring->kind, CARILLON_RING_UNUSED));
        CHECK(!attaches_with(&ring->core, 1));
        CHECK(!attaches_with(&ring->offset, offset + 4u));
        CHECK(!attaches_with(&ring->offset, 0)); // over what describes it
        CHECK(!attaches_with(&ring->offset, (uint32_t)sizeof region.shared - line));
        CHECK(!attaches_with(&ring->offset, UINT32_MAX - line + 1u));
        CHECK(!attaches_with(&ring->capacity, CAPACITY / 2u));
        CHECK(!attaches_with(&ring->capacity, CAPACITY + line));
        CHECK(!attaches_with(&ring->capacity, 0));
        CHECK(!attaches_with(&ring->capacity, CARILLON_RING_CAPACITY_MAX * 2u));
    }
    CHECK(attaches_with(&region.shared.rings[1].offset, last));
    CHECK(!attaches_with(&region.shared.rings[1].offset, last + line));
}

static void rings_that_overlap_are_left_alone(void)
{
    uint32_t line = (uint32_t)_Alignof(struct carillon_ring_control);
    struct carillon_ring_descriptor *rings = region.shared.rings;
    set_up();
    uint32_t to = rings[0].offset;
    uint32_t from = rings[1].offset;
    CHECK_EQUAL(to + sizeof region.to_control + CAPACITY, from); // one right behind the other
    CHECK(attaches_with(&rings[0].offset, to));
    CHECK(!attaches_with(&rings[0].offset, to + line));
    CHECK(!attaches_with(&rings[0].offset, from));
}

int main(void)
{
    no_boot_is_0();
    session_0_is_none();
    region_that_is_another_is_left_alone();
    region_without_a_session_is_left_alone();
    ring_that_does_not_lie_in_the_region_is_left_alone();
    rings_that_overlap_are_left_alone();
    link_for_this_boot_is_taken();
    damaged_link_is_not_taken_again();
    link_refused_in_an_earlier_session_is_taken();
    return 0;
}
