/* directory.h: where the plugin's own files are. */
#ifndef PYTHON_DIRECTORY_H
#define PYTHON_DIRECTORY_H

/* Returns the directory beside this library that has its name with `.d` in the place of `.so`. */
const char *plugin_directory(void);

#endif
