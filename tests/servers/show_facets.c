/* What abpost finds in texts, for tests/servers/bluesky/compare-facets.mjs to hold against the
 * official client: a JSON array of texts on stdin, an array of arrays of facets on stdout. */
#include "channels/bluesky_facets.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static json_t *facet_json(const struct abp_facet *facet, const char *text)
{
    static const char *const kinds[] = {"link", "mention", "tag", "tag"};
    const char *prefix = facet->kind == ABP_FACET_CASHTAG ? "$" : facet->bare ? "https://" : "";
    const char *value = text + facet->value;
    char ticker[8];
    for (size_t i = 0; facet->kind == ABP_FACET_CASHTAG && i < facet->value_len; i++)
        ticker[i] = (char)toupper((unsigned char)value[i]);
    return json_pack("{s:I, s:I, s:s, s:s+%}", "byteStart", (json_int_t)facet->start, "byteEnd",
                     (json_int_t)facet->end, "kind", kinds[facet->kind], "value", prefix,
                     facet->kind == ABP_FACET_CASHTAG ? ticker : value, facet->value_len);
}

int main(void)
{
    static struct abp_facet facets[ABP_FACETS_MAX];
    json_t *texts = json_loadf(stdin, 0, NULL), *out = json_array();
    const json_t *text;
    size_t i;
    int rc = json_is_array(texts) ? 0 : 1;
    json_array_foreach(texts, i, text)
    {
        const char *string = json_string_value(text);
        json_t *list = json_array();
        size_t count = abp_bluesky_facets(facets, ABP_FACETS_MAX, string, json_string_length(text));
        for (size_t k = 0; k < count; k++)
            json_array_append_new(list, facet_json(&facets[k], string));
        json_array_append_new(out, list);
    }
    if (rc == 0 && json_dumpf(out, stdout, JSON_COMPACT) != 0)
        rc = 1;
    json_decref(out);
    json_decref(texts);
    return rc;
}
