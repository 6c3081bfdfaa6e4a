import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.AlgorithmParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

import javax.xml.crypto.Data;
import javax.xml.crypto.OctetStreamData;
import javax.xml.crypto.URIDereferencer;
import javax.xml.crypto.URIReferenceException;
import javax.xml.crypto.XMLCryptoContext;
import javax.xml.crypto.XMLStructure;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.TransformException;
import javax.xml.crypto.dsig.TransformService;
import javax.xml.crypto.dsig.XMLObject;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.namespace.QName;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.Source;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;

import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSDataRef;
import org.apache.ws.security.WSEncryptionPart;
import org.apache.ws.security.WSSConfig;
import org.apache.ws.security.WSSecurityEngine;
import org.apache.ws.security.WSSecurityEngineResult;
import org.apache.ws.security.components.crypto.Merlin;
import org.apache.ws.security.handler.RequestData;
import org.apache.ws.security.message.WSSecHeader;
import org.apache.ws.security.message.WSSecSignature;
import org.apache.ws.security.message.WSSecTimestamp;
import org.apache.ws.security.util.WSSecurityUtil;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/**
 * A software vendor's client of the VSB gateway: the JDK and Apache WSS4J 1.6, as Debian's libwss4j-java brings them.
 *
 * <p>Shares no code with the gateway, so what both agree on is what the standards and the cookbook say.
 */
public final class VendorClient {

    private static final String USAGE = """
            VendorClient COMMAND BASE [P12 PASSWORD RIZIV INSZ] [--option value]...

            verzekerbaarheid    ask who insures a person            --van DAY --tot DAY
            aanvraag            report the start of a stay          --start DAY --bericht-id ID
            facturatie-post     send a zending                      --zending FILE --reference N [--zorgkas N]
            facturatie-get      fetch what waits                    [--max N]
            facturatie-confirm  confirm what was fetched            --hashes H,H
            wsdl                read every WSDL with its schemas    (needs only BASE)

            --inclusive-prefixes true|false   InclusiveNamespaces, as the Basic Security Profile has it (false)
            --parts P,P                       what to sign: Body, Timestamp, Token (default: what the service asks)
            --sha256 true|false               false: the algorithms WSS4J 1.6 takes by itself (true)
            --verify-response CA.pem          the answer's header must be the gateway's: Body and Timestamp
            --basic-security-profile true|false   hold the answer to the Basic Security Profile (true)
            --validate true|false             check question and answer against the schemas at ?wsdl (false)
            --envelope FILE, --answer FILE    keep what was sent, what came back
            --send true|false                 false: only sign (true)
            --http 1.1|2                      2: the JDK's own default, offers an upgrade with each first request (1.1)
            --repeat N                        ask N times over one connection (1)
            --default-namespace true|false    declare the message's namespace as the Envelope's default (false)
            --encoding deflate|none           of the blob (deflate)
            --xades true|false                sign the blob (true)
            --xades-c14n exclusive|none       transform of the XAdES properties (exclusive)
            """;

    private static final String SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
    private static final String WSDL = "http://schemas.xmlsoap.org/wsdl/";
    private static final String WSDL_SOAP = "http://schemas.xmlsoap.org/wsdl/soap/";
    private static final String XSD = "http://www.w3.org/2001/XMLSchema";
    private static final String DS = "http://www.w3.org/2000/09/xmldsig#";
    private static final String XADES = "http://uri.etsi.org/01903/v1.3.2#";
    private static final String GENERIC_ASYNC = "urn:be:cin:nip:async:generic";
    private static final String CIN_COMMON = "urn:be:cin:mycarenet:esb:common:v2";
    private static final String OPTIONAL_DEFLATE = "urn:nippin:xml:sig:transform:optional-deflate";
    private static final String SHA256 = DigestMethod.SHA256;
    private static final String RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private static final String ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    private static final List<String> SERVICES = List.of("verzekerbaarheid", "aanvraag", "facturatie", "zorgkas");
    private static final ZoneId BELGIUM = ZoneId.of("Europe/Brussels");

    private final Map<String, String> options;
    private final String base;
    private final HttpClient http;
    private KeyStore keystore;
    private char[] password;
    private String alias;
    private String riziv;
    private String insz;

    private VendorClient(String base, Map<String, String> options) {
        this.base = base.replaceAll("/+$", "");
        this.options = options;
        this.http = HttpClient.newBuilder()
                .connectTimeout(Duration.ofSeconds(10))
                .version(option("http", "1.1").equals("2") ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
                .build();
    }

    public static void main(String[] args) throws Exception {
        List<String> positional = new ArrayList<>();
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i < args.length; i++) {
            if (args[i].startsWith("--") && i + 1 < args.length) {
                options.put(args[i].substring(2), args[++i]);
            } else {
                positional.add(args[i]);
            }
        }
        boolean reading = positional.size() == 2 && positional.get(0).equals("wsdl");
        if (!reading && positional.size() != 6) {
            System.err.print(USAGE);
            System.exit(2);
        }
        VendorClient client = new VendorClient(positional.get(1), options);
        if (reading) {
            System.exit(client.readWsdls() ? 0 : 1);
        }
        client.password = positional.get(3).toCharArray();
        client.keystore = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(Path.of(positional.get(2)))) {
            client.keystore.load(file, client.password);
        }
        client.alias = client.keystore.aliases().nextElement();
        client.riziv = positional.get(4);
        client.insz = positional.get(5);
        boolean good = true;
        for (int i = Integer.parseInt(client.option("repeat", "1")); i > 0; i--) {
            good &= client.run(positional.get(0));
        }
        System.exit(good ? 0 : 1);
    }

    private boolean run(String command) throws Exception {
        switch (command) {
            case "verzekerbaarheid":
                return exchange("verzekerbaarheid", "urn:vsb-gateway:verzekerbaarheid:v1:Raadplegen", question());
            case "aanvraag":
                return exchange("aanvraag", "urn:vsb-gateway:aanvraag:v1:Indienen", startOfStay());
            case "facturatie-post":
                return exchange("facturatie", GENERIC_ASYNC + ":post:msg", post(Files.readAllBytes(Path.of(need("zending")))));
            case "facturatie-get":
                return exchange("facturatie", GENERIC_ASYNC + ":get:query", get());
            case "facturatie-confirm":
                return exchange("facturatie", GENERIC_ASYNC + ":confirm:hash", confirm());
            default:
                System.err.print(USAGE);
                return false;
        }
    }

    private String option(String name, String otherwise) {
        return options.getOrDefault(name, otherwise);
    }

    private boolean flag(String name, boolean otherwise) {
        return Boolean.parseBoolean(option(name, Boolean.toString(otherwise)));
    }

    private String need(String name) {
        if (!options.containsKey(name)) {
            throw new IllegalArgumentException("--" + name + " is needed for this command");
        }
        return options.get(name);
    }

    // ------------------------------------------------------------------------------------------------ the messages

    private String question() {
        String today = LocalDate.now(BELGIUM).toString();
        return envelope("xmlns:v=\"urn:vsb-gateway:verzekerbaarheid:v1\"", "", """
                <v:RaadplegenRequest>
                  <v:Hoofding>%s</v:Hoofding>
                  <v:Insz>%s</v:Insz>
                  <v:Periode><com:Van>%s</com:Van><com:Tot>%s</com:Tot></v:Periode>
                </v:RaadplegenRequest>""".formatted(head(), insz, option("van", today), option("tot", today)));
    }

    private String startOfStay() {
        // With a default namespace at the root, "#default" stands in the PrefixList of InclusiveNamespaces.
        boolean unprefixed = flag("default-namespace", false);
        return envelope((unprefixed ? "xmlns" : "xmlns:a") + "=\"urn:vsb-gateway:aanvraag:v1\"", "", """
                <%1$sIndienenRequest>
                  <%1$sAanvraag>
                    <%1$sHoofding>%2$s</%1$sHoofding>
                    <%1$sVoorziening>%3$s</%1$sVoorziening>
                    <%1$sGebruiker><%1$sInsz>%4$s</%1$sInsz></%1$sGebruiker>
                    <%1$sStartVerblijf>
                      <%1$sStartdatum>%5$s</%1$sStartdatum><%1$sTypeVerblijf>regulier</%1$sTypeVerblijf>
                    </%1$sStartVerblijf>
                  </%1$sAanvraag>
                </%1$sIndienenRequest>""".formatted(unprefixed ? "" : "a:", head(), riziv, insz, need("start")));
    }

    private String head() {
        return """
                <com:BerichtId>%s</com:BerichtId><com:Pijler>eibwfin</com:Pijler><com:Test>false</com:Test>\
                <com:Aanmaaktijdstip>%s</com:Aanmaaktijdstip><com:Afzender><com:RizivNummer>%s</com:RizivNummer>\
                <com:Software><com:Naam>ZorgSoft</com:Naam><com:Versie>3.2</com:Versie><com:Attest>VSB-2024-0001</com:Attest>\
                </com:Software></com:Afzender>""".formatted(option("bericht-id", UUID.randomUUID().toString()), now(), riziv);
    }

    private String post(byte[] content) throws Exception {
        boolean deflate = option("encoding", "deflate").equals("deflate");
        String blob = base64(deflate ? deflate(content) : content);
        String xades = flag("xades", true)
                ? "<g:Xades-t xmlns:xm=\"http://www.w3.org/2005/05/xmlmime\" xm:contentType=\"text/xml\">"
                        + base64(signBlob(blob, deflate)) + "</g:Xades-t>"
                : "";
        String to = "urn:nip:destination:io:" + option("zorgkas", "MULTICAST");
        return genericAsync("post:msg", to, """
                <g:post>
                  <g:CommonInput>
                    <m:Request><m:IsTest>false</m:IsTest></m:Request>
                    %s
                    <m:InputReference>%s</m:InputReference>
                  </g:CommonInput>
                  <g:Detail ContentType="text/xml" ContentEncoding="%s" MessageName="HCPFAC" Id="blob" HashValue="%s">%s</g:Detail>
                  %s
                </g:post>""".formatted(origin("m:Origin"), need("reference"), deflate ? "deflate" : "none",
                base64(sha256(content)), blob, xades));
    }

    private String get() {
        String max = option("max", "64");
        return genericAsync("get:query", "", """
                <g:get>
                  %s
                  <g:MsgQuery Include="true" Max="%s"/>
                  <g:TAckQuery Include="true" Max="%s"/>
                </g:get>""".formatted(origin("g:Origin"), max, max));
    }

    private String confirm() {
        return genericAsync("confirm:hash", "", """
                <g:confirm>
                  %s
                  <g:MsgHashValues>%s</g:MsgHashValues>
                </g:confirm>""".formatted(origin("g:Origin"), need("hashes").replace(',', ' ')));
    }

    private String origin(String name) {
        return """
                <%1$s>
                  <m:Package><m:Name>ZorgSoft</m:Name>\
                <m:License><m:Username>zorgsoft</m:Username><m:Password>zorgsoft-demo</m:Password></m:License></m:Package>
                  <m:CareProvider>
                    <m:Nihii><m:Value>%2$s</m:Value></m:Nihii>
                    <m:Organization><m:Nihii><m:Value>%2$s</m:Value></m:Nihii></m:Organization>
                  </m:CareProvider>
                </%1$s>""".formatted(name, riziv);
    }

    private String genericAsync(String action, String to, String payload) {
        String headers = """
                <wsa:Action soapenv:mustUnderstand="1">%s:%s</wsa:Action><wsa:To soapenv:mustUnderstand="1">%s</wsa:To>\
                <wsa:MessageID>%s</wsa:MessageID>\
                <wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>\
                """.formatted(GENERIC_ASYNC, action, to, UUID.randomUUID());
        String names = "xmlns:g=\"%s\" xmlns:m=\"%s\" xmlns:wsa=\"http://www.w3.org/2005/08/addressing\"";
        return envelope(names.formatted(GENERIC_ASYNC, CIN_COMMON), headers, payload);
    }

    private static String envelope(String names, String headers, String payload) {
        return """
                <soapenv:Envelope xmlns:soapenv="%s" xmlns:com="urn:vsb-gateway:common:v1" \
                xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" %s>
                <soapenv:Header>%s</soapenv:Header>
                <soapenv:Body>%s</soapenv:Body>
                </soapenv:Envelope>""".formatted(SOAP, names, headers, payload);
    }

    // ------------------------------------------------------------------------------------- WS-Security of the request

    private String sign(Document document, List<String> parts) throws Exception {
        WSSConfig config = WSSConfig.getNewInstance();
        // What later versions call setAddInclusivePrefixes: 1.6 has it as part of the Basic Security Profile.
        config.setWsiBSPCompliant(flag("inclusive-prefixes", false));
        Merlin crypto = new Merlin();
        crypto.setKeyStore(keystore);
        WSSecHeader header = new WSSecHeader();
        header.insertSecurityHeader(document);
        WSSecTimestamp timestamp = new WSSecTimestamp(config);
        timestamp.setTimeToLive(60);
        timestamp.build(document, header);
        WSSecSignature signature = new WSSecSignature(config);
        signature.setUserInfo(alias, new String(password));
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
        if (flag("sha256", true)) {
            signature.setSignatureAlgorithm(signatureMethod());
            signature.setDigestAlgo(SHA256);
        }
        signature.setSigCanonicalization(CanonicalizationMethod.EXCLUSIVE);
        signature.prepare(document, crypto, header);
        signature.prependBSTElementToHeader(header);
        List<WSEncryptionPart> signed = new ArrayList<>();
        for (String part : parts) {
            signed.add(switch (part) {
                case "Body" -> new WSEncryptionPart("Body", SOAP, "Content");
                case "Timestamp" -> new WSEncryptionPart(timestamp.getId());
                case "Token" -> new WSEncryptionPart(signature.getBSTTokenId());
                default -> throw new IllegalArgumentException("no part " + part);
            });
        }
        signature.computeSignature(signature.addReferencesToSign(signed, header), false, null);
        return serialise(document);
    }

    private String signatureMethod() throws Exception {
        return privateKey().getAlgorithm().equals("EC") ? ECDSA_SHA256 : RSA_SHA256;
    }

    private PrivateKey privateKey() throws Exception {
        return (PrivateKey) keystore.getKey(alias, password);
    }

    // ---------------------------------------------------------------------------------------- XAdES over the blob

    /** The transform of MyCareNet that no XMLDSig library has: inflate what was deflated. */
    public static final class OptionalDeflate extends TransformService {
        @Override
        public AlgorithmParameterSpec getParameterSpec() {
            return null;
        }

        @Override
        public void init(TransformParameterSpec parameters) {}

        @Override
        public void init(XMLStructure parent, XMLCryptoContext context) {}

        @Override
        public void marshalParams(XMLStructure parent, XMLCryptoContext context) {}

        @Override
        public boolean isFeatureSupported(String feature) {
            return false;
        }

        @Override
        public Data transform(Data data, XMLCryptoContext context) throws TransformException {
            try (InputStream octets = ((OctetStreamData) data).getOctetStream()) {
                return new OctetStreamData(new ByteArrayInputStream(inflate(octets.readAllBytes())));
            } catch (IOException | DataFormatException error) {
                throw new TransformException(error);
            }
        }

        @Override
        public Data transform(Data data, XMLCryptoContext context, java.io.OutputStream out) throws TransformException {
            return transform(data, context);
        }
    }

    /** Makes the transform known to the JDK's XML signatures. */
    private static final class MyCareNetProvider extends Provider {
        private static final long serialVersionUID = 1L;

        MyCareNetProvider() {
            super("MyCareNet", "1", "optional-deflate");
            putService(new Service(this, "TransformService", OPTIONAL_DEFLATE, OptionalDeflate.class.getName(), List.of(),
                    Map.of("MechanismType", "DOM")));
        }
    }

    private byte[] signBlob(String blob, boolean deflated) throws Exception {
        Security.addProvider(new MyCareNetProvider());
        XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM", "XMLDSig");
        String id = "xmldsig-" + UUID.randomUUID();
        Document document = documents().newDocument();
        Element properties = qualifyingProperties(document, id);
        List<Transform> overBlob = new ArrayList<>();
        overBlob.add(factory.newTransform(Transform.BASE64, (TransformParameterSpec) null));
        if (deflated) {
            overBlob.add(factory.newTransform(OPTIONAL_DEFLATE, (TransformParameterSpec) null));
        }
        overBlob.add(factory.newTransform(CanonicalizationMethod.EXCLUSIVE, (TransformParameterSpec) null));
        List<Transform> overProperties = option("xades-c14n", "exclusive").equals("none")
                ? List.of()
                : List.of(factory.newTransform(CanonicalizationMethod.EXCLUSIVE, (TransformParameterSpec) null));
        DigestMethod digest = factory.newDigestMethod(SHA256, null);
        List<Reference> references = List.of(
                factory.newReference("#blob", digest, overBlob, null, null),
                factory.newReference("#" + id + "-xades-signedprops", digest, overProperties,
                        "http://uri.etsi.org/01903#SignedProperties", null));
        SignedInfo info = factory.newSignedInfo(
                factory.newCanonicalizationMethod(CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null),
                factory.newSignatureMethod(signatureMethod(), null), references);
        KeyInfoFactory keys = factory.getKeyInfoFactory();
        KeyInfo key = keys.newKeyInfo(List.of(keys.newX509Data(Arrays.asList(keystore.getCertificateChain(alias)))));
        XMLObject object = factory.newXMLObject(List.of(new DOMStructure(properties)), null, null, null);
        DOMSignContext context = new DOMSignContext(privateKey(), document);
        context.setDefaultNamespacePrefix("ds");
        context.setIdAttributeNS((Element) properties.getFirstChild(), null, "Id");
        context.setURIDereferencer(new BlobDereferencer(blob, factory.getURIDereferencer()));
        factory.newXMLSignature(info, key, List.of(object), id, null).sign(context);
        return serialise(document).getBytes(StandardCharsets.UTF_8);
    }

    /** Finds the blob, which stands outside the signature document. */
    private record BlobDereferencer(String blob, URIDereferencer others) implements URIDereferencer {
        @Override
        public Data dereference(javax.xml.crypto.URIReference reference, XMLCryptoContext context)
                throws URIReferenceException {
            return reference.getURI().equals("#blob")
                    ? new OctetStreamData(new ByteArrayInputStream(blob.getBytes(StandardCharsets.US_ASCII)))
                    : others.dereference(reference, context);
        }
    }

    private Element qualifyingProperties(Document document, String id) throws Exception {
        X509Certificate certificate = (X509Certificate) keystore.getCertificate(alias);
        Element qualifying = document.createElementNS(XADES, "xades:QualifyingProperties");
        qualifying.setAttribute("Target", "#" + id);
        Element signed = child(qualifying, XADES, "xades:SignedProperties", null);
        signed.setAttribute("Id", id + "-xades-signedprops");
        Element properties = child(signed, XADES, "xades:SignedSignatureProperties", null);
        child(properties, XADES, "xades:SigningTime", OffsetDateTime.now(BELGIUM).toString());
        Element cert = child(child(properties, XADES, "xades:SigningCertificate", null), XADES, "xades:Cert", null);
        Element digest = child(cert, XADES, "xades:CertDigest", null);
        child(digest, DS, "ds:DigestMethod", null).setAttribute("Algorithm", SHA256);
        child(digest, DS, "ds:DigestValue", base64(sha256(certificate.getEncoded())));
        Element issuer = child(cert, XADES, "xades:IssuerSerial", null);
        child(issuer, DS, "ds:X509IssuerName", certificate.getIssuerX500Principal().getName());
        child(issuer, DS, "ds:X509SerialNumber", certificate.getSerialNumber().toString());
        return qualifying;
    }

    private static Element child(Element parent, String namespace, String name, String text) {
        Element element = parent.getOwnerDocument().createElementNS(namespace, name);
        if (text != null) {
            element.setTextContent(text);
        }
        parent.appendChild(element);
        return element;
    }

    // ------------------------------------------------------------------------------------------------ the exchange

    private boolean exchange(String service, String action, String text) throws Exception {
        String standard = service.equals("facturatie") ? "Timestamp,Token" : "Body,Timestamp,Token";
        String address = base + "/soap/" + service + "/v1";
        Document question = parse(text);
        Schema schema = flag("validate", false) ? compile(address + "?wsdl") : null;
        if (schema != null) {
            schema.newValidator().validate(new DOMSource(payload(question)));
        }
        String envelope = sign(question, List.of(option("parts", standard).split(",")));
        if (options.containsKey("envelope")) {
            Files.writeString(Path.of(options.get("envelope")), envelope);
        }
        if (!flag("send", true)) {
            return true;
        }
        HttpRequest request = HttpRequest.newBuilder(URI.create(address))
                .timeout(Duration.ofSeconds(60))
                .header("Content-Type", "text/xml; charset=utf-8")
                .header("SOAPAction", "\"" + action + "\"")
                .POST(HttpRequest.BodyPublishers.ofString(envelope))
                .build();
        HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        System.out.println("HTTP " + response.statusCode());
        System.out.println(new String(response.body(), StandardCharsets.UTF_8));
        if (options.containsKey("answer")) {
            Files.write(Path.of(options.get("answer")), response.body());
        }
        Document answer = parse(new String(response.body(), StandardCharsets.UTF_8));
        if (schema != null) {
            validate(schema, answer);
        }
        if (options.containsKey("verify-response")) {
            verify(answer, Path.of(options.get("verify-response")));
        }
        showMessages(answer);
        return response.statusCode() == 200;
    }

    private static void showMessages(Document answer) throws Exception {
        for (Element detail : elements(answer, GENERIC_ASYNC, "Detail")) {
            byte[] packed = Base64.getMimeDecoder().decode(detail.getTextContent());
            byte[] content = detail.getAttribute("ContentEncoding").equals("none") ? packed : inflate(packed);
            if (!base64(sha256(content)).equals(detail.getAttribute("HashValue"))) {
                throw new IllegalStateException("HashValue does not fit the content");
            }
            System.out.println("MESSAGE " + detail.getAttribute("MessageName") + " " + detail.getAttribute("HashValue"));
            System.out.println(new String(content, StandardCharsets.UTF_8));
        }
    }

    // ----------------------------------------------------------------------------------- WS-Security of the answer

    private void verify(Document answer, Path issuers) throws Exception {
        WSSConfig config = WSSConfig.getNewInstance();
        config.setWsiBSPCompliant(flag("basic-security-profile", true));
        Merlin crypto = new Merlin();
        crypto.setTrustStore(truststore(issuers));
        RequestData request = new RequestData();
        request.setWssConfig(config);
        request.setSigCrypto(crypto);
        // The chain alone would let any holder of an eHealth certificate answer in the gateway's place. RFC 2253 names,
        // which WSS4J matches, escape the equals sign.
        request.setSubjectCertConstraints(List.of(Pattern.compile(".*\\bCBE\\\\?=0900100117\\b.*")));
        Element header = WSSecurityUtil.getSecurityHeader(answer, null);
        if (header == null) {
            throw new SecurityException("the answer has no wsse:Security header");
        }
        List<WSSecurityEngineResult> results = new WSSecurityEngine().processSecurityHeader(header, request);
        WSSecurityEngineResult signature = WSSecurityUtil.fetchActionResult(results, WSConstants.SIGN);
        if (signature == null) {
            throw new SecurityException("the answer is not signed");
        }
        Set<String> covered = new TreeSet<>();
        for (Object reference : (List<?>) signature.get(WSSecurityEngineResult.TAG_DATA_REF_URIS)) {
            Element element = ((WSDataRef) reference).getProtectedElement();
            if (element == body(answer)) {
                covered.add("Body");
            } else if (element.getParentNode() == header && element.getLocalName().equals("Timestamp")) {
                covered.add("Timestamp");
            }
        }
        if (!covered.equals(Set.of("Body", "Timestamp"))) {
            throw new SecurityException("the signature covers only " + covered);
        }
        System.out.println("VERIFIED " + String.join(",", covered));
    }

    private static KeyStore truststore(Path pem) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream file = Files.newInputStream(pem)) {
            int number = 0;
            for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                store.setCertificateEntry("issuer-" + number++, certificate);
            }
        }
        return store;
    }

    // ------------------------------------------------------------------------------------------ WSDLs and schemas

    private boolean readWsdls() throws Exception {
        boolean good = true;
        for (String service : SERVICES) {
            String address = base + "/soap/" + service + "/v1";
            Document wsdl = parse(new String(fetch(address + "?wsdl"), StandardCharsets.UTF_8));
            Schema schema = compile(address + "?wsdl");
            for (Element part : elements(wsdl, WSDL, "part")) {
                QName name = qualified(part, part.getAttribute("element"));
                if (!declares(schema, name)) {
                    System.out.println("UNDECLARED " + service + " " + name);
                    good = false;
                }
            }
            for (Element port : elements(wsdl, WSDL_SOAP, "address")) {
                System.out.println("ADDRESS " + service + " " + port.getAttribute("location"));
            }
            for (Element operation : elements(wsdl, WSDL_SOAP, "operation")) {
                String name = ((Element) operation.getParentNode()).getAttribute("name");
                System.out.println("OPERATION " + service + " " + name + " " + operation.getAttribute("soapAction"));
            }
        }
        return good;
    }

    private Schema compile(String address) throws Exception {
        Document wsdl = parse(new String(fetch(address), StandardCharsets.UTF_8));
        List<Source> sources = new ArrayList<>();
        for (Element schema : elements(wsdl, XSD, "schema")) {
            sources.add(new DOMSource(schema, address));
        }
        return SchemaFactory.newInstance(XSD).newSchema(sources.toArray(Source[]::new));
    }

    private static boolean declares(Schema schema, QName name) throws Exception {
        Document probe = documents().newDocument();
        probe.appendChild(probe.createElementNS(name.getNamespaceURI(), name.getLocalPart()));
        try {
            schema.newValidator().validate(new DOMSource(probe));
        } catch (SAXException error) {
            return !error.getMessage().startsWith("cvc-elt.1");
        }
        return true;
    }

    private static void validate(Schema schema, Document answer) throws Exception {
        Element payload = payload(answer);
        boolean fault = payload.getLocalName().equals("Fault") && SOAP.equals(payload.getNamespaceURI());
        for (Element element : fault ? children(first(payload.getElementsByTagName("detail"))) : List.of(payload)) {
            schema.newValidator().validate(new DOMSource(element));
            System.out.println("VALID " + element.getLocalName());
        }
    }

    private static QName qualified(Node scope, String name) {
        String[] parts = name.split(":");
        return new QName(scope.lookupNamespaceURI(parts[0]), parts[1]);
    }

    private byte[] fetch(String address) throws Exception {
        HttpResponse<byte[]> response =
                http.send(HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() != 200) {
            throw new IOException(address + ": HTTP " + response.statusCode());
        }
        return response.body();
    }

    // ------------------------------------------------------------------------------------------------------- tools

    private static javax.xml.parsers.DocumentBuilder documents() throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder();
    }

    private static Document parse(String text) throws Exception {
        return documents().parse(new InputSource(new StringReader(text)));
    }

    private static String serialise(Document document) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        TransformerFactory.newInstance().newTransformer().transform(new DOMSource(document), new StreamResult(out));
        return out.toString(StandardCharsets.UTF_8);
    }

    private static Element body(Document document) {
        return first(document.getElementsByTagNameNS(SOAP, "Body"));
    }

    private static Element payload(Document document) {
        return children(body(document)).get(0);
    }

    private static List<Element> children(Element parent) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) {
                found.add(element);
            }
        }
        return found;
    }

    private static Element first(NodeList found) {
        return (Element) found.item(0);
    }

    private static List<Element> elements(Document document, String namespace, String name) {
        NodeList found = document.getElementsByTagNameNS(namespace, name);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            elements.add((Element) found.item(i));
        }
        return elements;
    }

    private static String now() {
        return DateTimeFormatter.ISO_INSTANT.format(Instant.now());
    }

    private static String base64(byte[] octets) {
        return Base64.getEncoder().encodeToString(octets);
    }

    private static byte[] sha256(byte[] octets) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(octets);
    }

    /** Raw deflate, without the zlib header: what MyCareNet's clients write. */
    private static byte[] deflate(byte[] content) {
        Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        deflater.setInput(content);
        deflater.finish();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        while (!deflater.finished()) {
            out.write(buffer, 0, deflater.deflate(buffer));
        }
        deflater.end();
        return out.toByteArray();
    }

    private static byte[] inflate(byte[] packed) throws DataFormatException {
        Inflater inflater = new Inflater(true);
        // Raw inflate asks for one byte after the end.
        inflater.setInput(Arrays.copyOf(packed, packed.length + 1));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        while (!inflater.finished()) {
            int read = inflater.inflate(buffer);
            if (read == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
                throw new DataFormatException("the deflated content ends too early");
            }
            out.write(buffer, 0, read);
        }
        inflater.end();
        return out.toByteArray();
    }
}
