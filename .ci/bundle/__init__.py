"""What `build.spec` builds the executable with. It lies here because neither the app nor its wheel needs it."""
