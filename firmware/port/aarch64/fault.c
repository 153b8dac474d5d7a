#include "port/aarch64/fault.h"

#include "machine.h"
#include "port/aarch64/bell.h"
#include "port/aarch64/cpu.h"
#include "port/aarch64/restart.h"
#include "port/aarch64/timer.h"

// In the firmware's own memory, for a debugger. The host sees that the heartbeat stands still.
struct fault_mark fault_marks[CORES];

_Noreturn void core_park(void)
{
    cpu_mask_interrupts();
    timer_disarm();
    restart_wait(cpu_index());
}

void fault_forget(uint32_t core)
{
    fault_marks[core].parked = 0;
}

_Noreturn void fault_park(uint64_t vector)
{
    uint32_t index = cpu_index();
    struct fault_mark *mark = &fault_marks[index];
    // A fault in here leads back to here: the first one is what counts.
    if (mark->parked == 0) {
        *mark = (struct fault_mark){.parked = 1,
                                    .vector = vector,
                                    .syndrome = CPU_READ("esr_el1"),
                                    .at = CPU_READ("elr_el1"),
                                    .address = CPU_READ("far_el1")};
        bell_leave(index);
    }
    core_park();
}
