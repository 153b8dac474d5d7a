{
  "targets": [
    {
      "target_name": "carillon",
      "sources": [
        "src/addon.cc",
        "src/descriptors.cc",
        "src/event_fd.cc",
        "src/file_lock.cc",
        "src/mapping.cc",
        "src/poller.cc",
        "src/poller_methods.cc",
        "src/sigbus_guard.cc",
        "src/slots.cc",
        "src/socket_pair.cc",
        "src/sockets.cc",
        "src/zero_copy.cc",
      ],
      "defines": ["NAPI_VERSION=8"],
      "cflags_cc": ["-std=gnu++17", "-O2", "-Wall", "-Wextra", "-Wno-cast-function-type", "-fvisibility=hidden"],
      "cflags_cc!": ["-std=gnu++20", "-O3"],
      # A thread that ends closes the addon, and the numbers of its eventfds are never used again.
      "ldflags": ["-Wl,-z,nodelete"],
    }
  ]
}
