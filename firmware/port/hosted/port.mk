# An ordinary process of the machine that builds it.
PORT_CPPFLAGS := -D_GNU_SOURCE
PORT_CFLAGS := -pthread
PORT_LIBS := -lm -pthread
