"""What is known of a Lake project and its toolchain."""
