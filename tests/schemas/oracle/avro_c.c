/* The Avro project's C library on one datum, as kcat uses it: the schema as a registry gives it, the value to JSON.
 *   avro_c SCHEMA_FILE DATUM_FILE
 * prints the value as JSON on one line, and in hexadecimal on the next what the library writes of it. */
#include <avro.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_all(const char *path, long *size) {
    FILE *file = fopen(path, "rb");
    if (!file) { perror(path); exit(1); }
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    char *bytes = malloc(*size + 1);
    if (!bytes || fread(bytes, 1, *size, file) != (size_t)*size) { perror(path); exit(1); }
    fclose(file);
    bytes[*size] = 0;
    return bytes;
}

static void check(int error, const char *step) {
    if (!error) return;
    fprintf(stderr, "%s: %s\n", step, avro_strerror());
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    long schema_size, size;
    char *text = read_all(argv[1], &schema_size), *datum = read_all(argv[2], &size);

    avro_schema_t schema;
    check(avro_schema_from_json_length(text, schema_size, &schema), "schema");
    avro_value_iface_t *type = avro_generic_class_from_schema(schema);
    avro_value_t value;
    check(avro_generic_value_new(type, &value), "value");
    check(avro_value_read(avro_reader_memory(datum, size), &value), "read");

    char *json;
    check(avro_value_to_json(&value, 1, &json), "json");
    puts(json);

    char *written = malloc(size + 1024);
    avro_writer_t writer = avro_writer_memory(written, size + 1024);
    check(avro_value_write(writer, &value), "write");
    for (int64_t i = 0; i < avro_writer_tell(writer); i++) printf("%02X", (unsigned char)written[i]);
    puts("");
    return 0;
}
