// What is taken is zeroed, aligned and nobody else's; what is given back can be taken again.
#include "core/page_pool.h"
#include "test/check.h"

static _Alignas(64) struct page_pool pool;

static void takes_whole_pages(void)
{
    double *one = page_pool_take(&pool, 1);
    CHECK_EQUAL(pool.used, 1);
    double *two = page_pool_take(&pool, PAGE_DOUBLES);
    CHECK_EQUAL(pool.used, 2);
    double *three = page_pool_take(&pool, PAGE_DOUBLES + 1);
    CHECK_EQUAL(pool.used, 4);
    CHECK(one == pool.pages[0] && two == pool.pages[1] && three == pool.pages[2]);
    CHECK_EQUAL((uintptr_t)three % 64, 0);
    CHECK_EQUAL(pool.run[2], 2);
    CHECK_EQUAL(pool.run[3], UINT16_MAX);
    page_pool_give(&pool, two);
    page_pool_give(&pool, one);
    page_pool_give(&pool, three);
    CHECK_EQUAL(pool.used, 0);
}

static void zeroes_what_was_used_before(void)
{
    double *run = page_pool_take(&pool, 3 * PAGE_DOUBLES);
    for (uint32_t i = 0; i < 3 * PAGE_DOUBLES; i++) {
        run[i] = (double)NAN;
    }
    page_pool_give(&pool, run);
    CHECK(page_pool_take(&pool, 2 * PAGE_DOUBLES + 1) == run);
    for (uint32_t i = 0; i < 2 * PAGE_DOUBLES + 1; i++) {
        CHECK_NEAR(run[i], 0.0, 0.0);
    }
    page_pool_give(&pool, run);
}

static void refuses_what_it_has_not(void)
{
    CHECK(page_pool_take(&pool, 0) == NULL);
    CHECK(page_pool_take(&pool, (size_t)PAGE_POOL_PAGES * PAGE_DOUBLES + 1) == NULL);
    CHECK(page_pool_take(&pool, SIZE_MAX) == NULL);
    CHECK(page_pool_take(&pool, SIZE_MAX / sizeof(double)) == NULL);
    CHECK_EQUAL(pool.used, 0);

    double *all = page_pool_take(&pool, (size_t)PAGE_POOL_PAGES * PAGE_DOUBLES);
    CHECK(all == pool.pages[0]);
    CHECK_EQUAL(pool.used, PAGE_POOL_PAGES);
    CHECK(page_pool_take(&pool, 1) == NULL);
    CHECK_EQUAL(pool.used, PAGE_POOL_PAGES);
    page_pool_give(&pool, all);
    CHECK_EQUAL(pool.used, 0);
}

static void gives_nothing_back_for_null(void)
{
    page_pool_give(&pool, NULL);
    CHECK_EQUAL(pool.used, 0);
}

static void can_be_exhausted_page_by_page(void)
{
    for (uint32_t page = 0; page < PAGE_POOL_PAGES; page++) {
        CHECK(page_pool_take(&pool, 1) == pool.pages[page]);
    }
    CHECK(page_pool_take(&pool, 1) == NULL);
    for (uint32_t page = 0; page < PAGE_POOL_PAGES; page++) {
        page_pool_give(&pool, pool.pages[page]);
    }
    CHECK_EQUAL(pool.used, 0);
}

// Free pages that are not in a row are no run, and the first row that is long enough is taken.
static void takes_the_first_row_that_fits(void)
{
    for (uint32_t page = 0; page < PAGE_POOL_PAGES; page++) {
        page_pool_take(&pool, 1);
    }
    for (uint32_t page = 0; page < PAGE_POOL_PAGES; page += 2) {
        page_pool_give(&pool, pool.pages[page]);
    }
    CHECK_EQUAL(pool.used, PAGE_POOL_PAGES / 2);
    CHECK(page_pool_take(&pool, PAGE_DOUBLES + 1) == NULL);

    page_pool_give(&pool, pool.pages[101]);
    page_pool_give(&pool, pool.pages[7]);
    double *three = page_pool_take(&pool, 3 * PAGE_DOUBLES);
    CHECK(three == pool.pages[6]);
    CHECK(page_pool_take(&pool, 4 * PAGE_DOUBLES) == NULL);
    CHECK(page_pool_take(&pool, 2 * PAGE_DOUBLES) == pool.pages[100]);
    CHECK(page_pool_take(&pool, 1) == pool.pages[0]);

    // At the very end.
    page_pool_give(&pool, pool.pages[PAGE_POOL_PAGES - 1]);
    CHECK(page_pool_take(&pool, 2 * PAGE_DOUBLES) == pool.pages[PAGE_POOL_PAGES - 2]);

    memset(&pool, 0, sizeof pool);
}

// Takes and gives at random, and keeps its own account.
static void keeps_runs_apart(void)
{
    enum { RUNS = 64 };
    double *runs[RUNS] = {NULL};
    size_t counts[RUNS] = {0};
    uint32_t used = 0;
    uint32_t random = 1;
    uint32_t refused = 0;
    for (uint32_t step = 0; step < 20000; step++) {
        random = random * 1664525u + 1013904223u;
        uint32_t i = (random >> 8) % RUNS;
        if (runs[i] != NULL) {
            // Nobody else wrote into it.
            CHECK_NEAR(runs[i][0], i, 0.0);
            CHECK_NEAR(runs[i][counts[i] - 1], i, 0.0);
            used -= (uint32_t)((counts[i] + PAGE_DOUBLES - 1) / PAGE_DOUBLES);
            page_pool_give(&pool, runs[i]);
            runs[i] = NULL;
        } else {
            counts[i] = 1 + (random >> 14) % (200 * PAGE_DOUBLES);
            runs[i] = page_pool_take(&pool, counts[i]);
            if (runs[i] == NULL) {
                refused++;
            } else {
                used += (uint32_t)((counts[i] + PAGE_DOUBLES - 1) / PAGE_DOUBLES);
                runs[i][0] = runs[i][counts[i] - 1] = i;
            }
        }
        CHECK_EQUAL(pool.used, used);
    }
    CHECK(refused > 0);
    for (uint32_t i = 0; i < RUNS; i++) {
        page_pool_give(&pool, runs[i]);
    }
    CHECK_EQUAL(pool.used, 0);
    for (uint32_t page = 0; page < PAGE_POOL_PAGES; page++) {
        CHECK_EQUAL(pool.run[page], 0);
    }
}

int main(void)
{
    takes_whole_pages();
    zeroes_what_was_used_before();
    refuses_what_it_has_not();
    gives_nothing_back_for_null();
    can_be_exhausted_page_by_page();
    takes_the_first_row_that_fits();
    keeps_runs_apart();
    return 0;
}
