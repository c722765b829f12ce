/* Embedded Swift has no CommandLine: the C entry point hands the arguments over. */
int millrace_host_main(int argc, char **argv);

int main(int argc, char **argv) { return millrace_host_main(argc, argv); }
