# plugin_headers(HEADER...): installs headers for those who write plug-ins, as <nusku/NAME>. In the tree they
# include each other by the path from its top; installed they stand side by side.
function(plugin_headers)
  foreach(header ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${header})
    file(READ ${PROJECT_SOURCE_DIR}/${header} text)
    string(REGEX REPLACE "#include \"(common|worker)/([a-z_.]+)\"" "#include <nusku/\\2>" text "${text}")
    get_filename_component(name ${header} NAME)
    file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/include/nusku/${name} CONTENT "${text}" @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/include/nusku/${name}
      DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/nusku COMPONENT development)
  endforeach()
endfunction()
