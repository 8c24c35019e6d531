# embed_text(TARGET FILE...): makes each text file a C string that the target can link.
# `redis/claim.lua` becomes `const char embedded_claim_lua[]`; the declarations are made beside it in
# embedded/<TARGET>.h. A change of the text rebuilds the target.
function(embed_text target)
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  set(header ${dir}/${target}.h)
  set(declarations "/* Generated from the text files beside the sources. */\n#pragma once\n")
  foreach(file IN LISTS ARGN)
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER "embedded_${name}" id)
    set(source ${dir}/${id}.c)
    add_custom_command(OUTPUT ${source}
      COMMAND ${CMAKE_COMMAND} -DIN=${CMAKE_CURRENT_SOURCE_DIR}/${file} -DOUT=${source} -DID=${id}
              -P ${PROJECT_SOURCE_DIR}/cmake/embed_one.cmake
      DEPENDS ${file} ${PROJECT_SOURCE_DIR}/cmake/embed_one.cmake VERBATIM)
    target_sources(${target} PRIVATE ${source})
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS -w) # bytes above 127 in a char
    string(APPEND declarations "extern const char ${id}[];\n")
  endforeach()
  file(CONFIGURE OUTPUT ${header} CONTENT "${declarations}" @ONLY)
  target_include_directories(${target} PRIVATE ${dir})
endfunction()
