#include "report_list.h"

#include <stdarg.h>
#include <string.h>

#include "utf8.h"

void report_list_add(report_list *list, const char *path, const char *format, ...) {
    if (list->items == NULL) list->items = json_array();
    size_t length = strlen(path);
    if (json_array_size(list->items) == REPORT_LIST_MAX || list->bytes + length > REPORT_LIST_BYTES_MAX) {
        list->is_cut = 1;
        return;
    }
    va_list values;
    va_start(values, format);
    json_t *item = format[0] != 0 ? json_vpack_ex(NULL, 0, format, values) : json_object();
    va_end(values);
    json_object_set_new(item, "path", utf8_json(path));
    json_array_append_new(list->items, item);
    list->bytes += length;
}
