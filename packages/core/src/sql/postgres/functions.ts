/**
 * Built-in functions of Postgres by what their result depends on. In none of these lists: functions of users and of
 * extensions, whose volatility the database knows; they stand among a statement's calls, for the source to look up.
 */
import { words } from '../tokens.ts';

/**
 * pg_proc of release 15: functions of pg_catalog all of whose forms are IMMUTABLE, without those that serve operators,
 * indexes, types and the server itself. Aggregates and window functions are among them.
 */
const IMMUTABLE = `
  abbrev abs acos acosd acosh area array_agg array_append array_dims array_fill array_length array_lower array_ndims
  array_position array_positions array_prepend array_remove array_replace array_to_tsvector array_upper ascii asin
  asind asinh atan atan2 atan2d atand atanh avg bit bit_and bit_count bit_length bit_or bit_xor bool bool_and
  bool_or bound_box box bpchar broadcast btrim cardinality cash_words cbrt ceil ceiling center char char_length
  character_length chr cidr circle corr cos cosd cosh cot cotd count covar_pop covar_samp cume_dist date_bin
  datemultirange daterange decode degrees dense_rank dexp diagonal diameter div dlog1 dlog10 dround dtrunc encode
  every exp factorial family first_value float4 float8 floor gcd generate_subscripts get_bit get_byte height host
  hostmask inet_merge inet_same_family initcap int2 int4 int4inc int4multirange int4range int8 int8dec int8dec_any
  int8inc int8inc_any int8multirange int8range interval is_normalized isclosed isempty isfinite ishorizontal isopen
  isparallel isperp isvertical json_array_elements json_array_elements_text json_array_length json_each
  json_each_text json_extract_path json_extract_path_text json_object json_object_keys json_strip_nulls json_typeof
  jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_each jsonb_each_text jsonb_extract_path
  jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists
  jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set
  jsonb_set_lax jsonb_strip_nulls jsonb_typeof justify_days justify_hours justify_interval lag last_value lcm lead
  left like like_escape line ln log log10 lower lower_inc lower_inf lpad lseg ltrim macaddr macaddr8
  macaddr8_set7bit make_date make_interval make_time make_timestamp masklen max md5 min min_scale mod mode
  multirange netmask network normalize notlike npoints nth_value ntile num_nonnulls num_nulls numeric_div_trunc
  numeric_exp numeric_inc numeric_ln numeric_log numeric_sqrt nummultirange numnode numrange octet_length overlay
  parse_ident path pclose percent_rank percentile_cont percentile_disc pg_size_bytes pg_size_pretty pi point polygon
  popen position pow power querytree quote_ident radians radius range_agg range_intersect_agg range_merge rank
  regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
  regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
  regr_sxy regr_syy repeat replace reverse right round row_number rpad rtrim scale set_bit set_byte set_masklen
  setweight sha224 sha256 sha384 sha512 sign similar_escape similar_to_escape sin sind sinh slope split_part sqrt
  stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strip strpos substr substring sum tan
  tand tanh text textlen to_hex translate trim_array trim_scale trunc ts_delete ts_filter ts_rank ts_rank_cd
  tsmultirange tsquery_phrase tsrange tstzmultirange tstzrange tsvector_to_array unistr unnest upper upper_inc
  upper_inf var_pop var_samp varbit varchar variance width width_bucket xml_is_well_formed_content
  xml_is_well_formed_document xmlagg xmlcomment xmlexists xmlvalidate xpath xpath_exists`;

/**
 * STABLE in pg_proc because of settings that are pinned (time zone, date style, encodings) or of other functions of the
 * types they are given. Each was looked up in chapter 9; those that read the catalogue, the clock or the session are out.
 */
const STABLE_BY_SETTINGS = `
  array_to_json array_to_string concat concat_ws convert convert_from convert_to date date_part date_trunc
  extract format generate_series json_agg json_build_array json_build_object
  json_object_agg json_populate_record json_populate_recordset json_to_record json_to_recordset jsonb_agg
  jsonb_build_array jsonb_build_object jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_array_tz
  jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset jsonb_to_record
  jsonb_to_recordset length make_timestamptz money numeric overlaps pg_typeof quote_literal quote_nullable
  row_to_json time timestamp timestamptz timezone to_char to_date to_json to_jsonb to_number to_timestamp xml
  xml_is_well_formed`;

/** Came with releases 16 to 18; chapter 9 of their manuals. */
const LATER = `
  any_value array_reverse array_sort casefold crc32 crc32c date_add date_subtract erf erfc gamma json_agg_strict
  json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict jsonb_agg_strict
  jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict lgamma reverse to_bin to_oct
  unicode_assigned uuid_extract_timestamp uuid_extract_version xmltext`;

/** Depend on their arguments, and on the session's settings, which are part of every key. */
export const HARMLESS_FUNCTIONS: ReadonlySet<string> = words(`${IMMUTABLE} ${STABLE_BY_SETTINGS} ${LATER}`);

/**
 * The clock, the session, the catalogue, sequences, chance, files, locks, other databases: what else of pg_catalog is
 * not IMMUTABLE, by the beginnings that many names share and one by one. Release 15, and what came until 18.
 */
const READ_MORE: ReadonlySet<string> = words(`
  aclexplode amvalidate array_sample array_shuffle brin_desummarize_range brin_summarize_new_values
  brin_summarize_range clock_timestamp col_description currtid2 currval dblink enum_first enum_last enum_range format_type gen_random_uuid
  get_current_ts_config getdatabaseencoding getpgusername gin_clean_pending_list icu_unicode_version
  json_to_tsvector jsonb_to_tsvector lastval loread lowrite mxid_age nextval now obj_description oidvectortypes
  random random_normal regclass row_security_active session_user set_config setseed setval shobj_description
  statement_timestamp system_user timeofday timetz transaction_timestamp ts_debug ts_headline ts_lexize ts_parse
  ts_rewrite ts_stat ts_token_type unicode_version uuidv4 uuidv7 version`);
const READ_MORE_BY_NAME =
  /^(?:pg_|has_|lo_|txid_|inet_(?:client|server)_|current_|to_reg|dblink_|binary_upgrade_|(?:database|schema|table|query|cursor)_to_xml)/;

export function readsMore(name: string): boolean {
  return READ_MORE.has(name) || READ_MORE_BY_NAME.test(name);
}

const SEARCH_CONFIGURATION = 'uses the configuration of text search that the session has; name one as first argument';

/** What these take when they are not told. */
export const NEED_TWO_ARGUMENTS: ReadonlyMap<string, string> = new Map([
  ['age', 'takes the time between its argument and the clock; give both'],
  ...['phraseto_tsquery', 'plainto_tsquery', 'to_tsquery', 'to_tsvector'].map((name): [string, string] => [
    name,
    SEARCH_CONFIGURATION,
  ]),
  ['websearch_to_tsquery', SEARCH_CONFIGURATION],
]);
