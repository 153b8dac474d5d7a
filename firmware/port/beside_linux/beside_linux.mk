# A machine of which Linux has a core and the firmware others: what the port.mk of a board includes.
# board.h and board.ld are generated from boards/$(PORT)/board.json.
PORT_PARTS := port/beside_linux $(BOARD_PARTS)
include port/aarch64/aarch64.mk
PORT_CPPFLAGS += -Iport/beside_linux
# Three cores fit what is left of 16 MiB beside the image: some 190 streams with a 256-tap filter each.
PORT_CPPFLAGS += -DPAGE_POOL_PAGES=768
