//! Threats, and the tests that stand against them.
//!
//! Everything here runs the built program: against a service that means harm,
//! with a token that would be found anywhere, in directories that somebody else
//! packed. What is tested closer to the code is named with the rest; `table`
//! fails when a name here is no test any more.
//!
//! | | threat | tests |
//! |---|---|---|
//! | X1 | a token goes to another host | `no_trick_with_an_address_takes_the_token_along` `a_host_that_only_looks_like_googles_is_asked_without_the_token` `a_manifest_names_no_host` `a_credential_goes_to_google_only` `an_address_is_https_or_loopback` `a_token_goes_to_no_other_endpoint_and_into_no_output` `a_token_of_the_environment_is_marked_sensitive_and_goes_to_google_only` `no_credential_is_looked_for_when_none_is_needed` |
//! | X2 | a redirect takes the token or the body along | `no_redirect_reaches_a_second_listener` `no_redirect_is_followed_and_no_token_goes_along` `no_token_follows_a_redirect` |
//! | X3 | a proxy reads along | `a_proxy_sees_where_but_never_what`; doctor, which would print it, is not built |
//! | X4 | YAML that is a bomb | `alias_bombs` `nesting` `size` `a_flood_of_findings_is_cut` `bytes_that_are_no_text` |
//! | X5 | a path leads out of the directory, or to no file | `what_is_no_file_is_not_opened` `links_in_a_circle_end` `a_dataset_is_never_fetched`; local datasets are not built |
//! | X6 | a URI in a manifest is asked for | `a_dataset_is_never_fetched` `a_manifest_names_no_host` |
//! | X7 | text steers a terminal | `nothing_from_the_service_steers_a_terminal_or_a_workflow` `an_error_of_the_service_is_one_inert_line` `nothing_in_a_manifest_steers_a_terminal_or_a_workflow` `the_name_of_a_manifest_file_steers_nothing` `what_json_hides_from_a_terminal_a_program_still_reads` `every_character_is_itself_or_a_visible_escape` `shown_text_is_one_inert_line_that_loses_nothing` `escape_sequences_do_not_reach_the_terminal` `a_claim_that_somebody_wrote_by_hand_shows_no_escape_sequence` |
//! | X8 | text forges a line of a log, or a metric | `nothing_from_the_service_steers_a_terminal_or_a_workflow` `an_error_of_the_service_is_one_inert_line` `a_base_model_that_means_harm_stays_inside_its_quotes` |
//! | X9 | text is markup in a comment, or a workflow's command | `nothing_from_the_service_is_markup_in_a_comment` `nothing_from_outside_is_markup` `nothing_in_a_file_name_or_message_ends_the_command` `nothing_from_the_service_steers_a_terminal_or_a_workflow` `nothing_in_a_manifest_steers_a_terminal_or_a_workflow` |
//! | X10 | a formula in an export | not built: nothing is exported as CSV |
//! | X11 | a secret is printed or kept | `a_token_is_in_no_output_of_any_command` `a_token_that_google_refuses_is_in_no_output` `a_credential_file_is_in_no_output` `a_token_is_in_no_file` `a_token_is_in_no_error` |
//! | X12 | a plan is forged, or played again | `another_plan_than_expected`; plans are not kept in files, and only their digest is taken |
//! | X13 | a pull request runs code | not built: no workflow is shipped; manifests have no templates, hooks or variables |
//! | X14 | a web page talks to loopback | `a_forged_host_or_origin_is_refused_on_every_route` `strangers_are_turned_away` `strangers_cannot_set_rules` `a_name_that_somebody_made_resolve_to_loopback_is_refused` `a_request_says_once_whom_it_is_for` `a_page_of_another_site_reads_nothing` `on_a_public_socket_probes_may_name_any_host_and_nobody_else_may` |
//! | X15 | an answer ends the program, or one job blocks all | `a_poisoned_job_blocks_no_other` `an_answer_is_never_a_crash` `no_page_is_larger_than_the_cap_before_or_after_decompression` `page_tokens_that_repeat_are_an_error_and_no_loop` `nothing_panics_on_data` |
//! | X16 | labels are forged, so that a job is stopped or taken over | `labels_that_are_almost_ours_make_no_job_ours` `foreign_jobs_are_only_counted` |
//! | X17 | a dependency is another one | `dependencies_are_pinned_and_from_the_registry`; advisories and licences are not checked here, releases are not built |
//! | X18 | an account may do more than it must | not built: no roles are shipped, and no doctor compares them |
//! | X19 | TLS is not checked | `tls_is_checked_and_no_client_follows_a_redirect` `nothing_panics_on_data` |
//! | X20 | a file is read by others, or written through a link | `the_emulators_world_is_for_its_owner_only` `a_link_in_the_emulators_directory_leads_no_write_out_of_it` `an_address_that_somebody_planted_is_not_asked` |
#![cfg(target_os = "linux")]

#[path = "security/addresses.rs"]
mod addresses;
#[path = "security/answers.rs"]
mod answers;
#[path = "security/canary.rs"]
mod canary;
#[path = "security/emulator.rs"]
mod emulator;
#[path = "security/hostile.rs"]
mod hostile;
#[path = "security/sanitiser.rs"]
mod sanitiser;
#[path = "security/service.rs"]
mod service;
#[path = "security/sinks.rs"]
mod sinks;
#[path = "security/sources.rs"]
mod sources;
#[path = "security/table.rs"]
mod table;

#[path = "support/model.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod model;
#[path = "support/redact.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod redact;
#[path = "support/server.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod server;
#[path = "support/world.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod world;
