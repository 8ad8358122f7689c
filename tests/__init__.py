"""The tests of the platform; those of an application live beside it, in apps."""
