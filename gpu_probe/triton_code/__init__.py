"""The source of our own GPU kernels, in Triton: the only modules that import it, loaded where one is prepared."""
